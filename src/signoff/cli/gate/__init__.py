"""`signoff gate`: what waits for a person, and the answers.

`commands` are the commands; `where` finds the gate that they mean, `answer` makes a reply of what is typed, `answering`
the commands that can be typed; `listing`, `report`, `stats` and `text` are what is shown.
"""
