"""The HTTP surface: parse, call one use case, render. No rule of a gate is written here.

Read in this order: `server` (the app), `guard` and `intake` (what every request goes through before its route),
`routes_*` (one module a subject), `parameters`, `bodies` and `answers` (what goes in and out), `codes` and `problems`
(every refusal), `changes` (how a request waits without a thread of its own), `serve` (the process).

Routes return a `JSONResponse`, never a dict: FastAPI's own encoder leaves out members whose names begin with `_sa`,
and people must see what was asked as it was asked.
"""
