"""The inbox: pages on which people decide. Forms that work without JavaScript; live and quicker with it.

Read in this order: `site` (the pages, and what every request goes through), `visit` (who looks, and what they sent),
`*_page` (one module a page: parse, call one use case, render), `answer` (a form to a reply), then how things are shown:
`markdown`, `evidence`, `outline`, `diff`, `plots`, `words`. `live` tells pages that something has changed.

Everything that is shown passes `sanitise` and is escaped: what strangers wrote is text here, never markup.
"""
