"""`signoff gate`: what waits for a person, and the answers.

`group` names the commands; `listing` is the list, with `pages` of whole gates, `commands` are the others. `where` finds
the gate that they mean, `answer` makes a reply of what is typed, `answering` the commands that can be typed; `report`,
`stats` and `text` are what is shown.
"""
