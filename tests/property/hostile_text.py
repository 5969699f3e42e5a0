"""Texts that would rather be something else."""

from __future__ import annotations

from hypothesis import strategies as st

# What Markdown is made of, so that blocks are opened and left open as often as can be.
hostile = st.lists(
    st.sampled_from(
        ["`", "``", "```", "````", "~~~", "\n", "\n\n", " ", "    ", "\t", "a", "#", "# ", ">", "<!--", "-->"]
    )
    | st.sampled_from(
        ["<pre>", "</pre>", "<script>", "1. ", "- ", "---", "===", "[a]: b", "|", "*", "\\", "+", "diff"]
    ),
    max_size=14,
).map("".join)
