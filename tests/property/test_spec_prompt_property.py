"""Nothing that a spec, its steps or its agent say is ever read as what the program says of them."""

from __future__ import annotations

from typing import Any

from hostile_text import hostile
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from signoff.gates.prompt import build_prompt
from signoff.gates.requirement import ANYONE_ONCE
from signoff.plans.markdown import fenced, in_code, line, quoted
from signoff.plans.spec.model import DECISIONS
from signoff.plans.spec.prompt import Output, StepFacts, gate_prompt

HEADINGS = ["Asked in step 1", "Said in the file"]
spoken = hostile.filter(lambda text: text.strip() != "")
scripts = st.builds(lambda text: {"lang": "bash", "script": f"{text}\n"}, hostile)
strange_commands = st.builds(lambda lang, text: {"lang": lang, "script": f"{text}\n"}, spoken, hostile)
commands = st.lists(scripts | strange_commands, max_size=2)
reviews = st.builds(
    lambda category, item, said, metadata: {
        "checklist": [{"category": category, "items": [{"text": item, "checked": True}]}],
        "approval_options": [
            {"decision": decision, "label": said, "text": said, "checked": True} for decision in DECISIONS
        ],
        "approval_metadata": metadata,
    },
    spoken,
    spoken,
    spoken,
    st.dictionaries(spoken, hostile, max_size=2),
)


def blocks(text: str) -> list[Token]:
    """The blocks of a text that are not inside a quotation."""
    depth, found = 0, []
    for token in MarkdownIt("commonmark").parse(text):
        depth += token.nesting if token.type.startswith("blockquote") else 0
        if depth == 0:
            found.append(token)
    return found


@settings(deadline=None)
@given(spoken, hostile, commands, reviews, spoken)
@example("a", "", [{"lang": "a`b", "script": "# not a heading\n"}], None, "a")
@example("a", "", [], {"checklist": [], "approval_options": [], "approval_metadata": {"a\n\n# b": "c"}}, "a")
@example("a", "", [], None, " `a")
def test_nothing_that_is_said_breaks_out_of_its_place(
    title: str,
    prompt: str,
    commands: list[dict[str, str]],
    review: dict[str, Any] | None,
    path: str,
) -> None:
    params = {
        "number": 1,
        "title": title,
        "prompt": prompt,
        "commands": commands,
        "gate": {"ref": f"G0: {title}", "review": review, "then": []},
    }
    about = {"spec": path, "specSha256": "0" * 64, "tier": "B", "title": title, "owner": title}
    facts = StepFacts((Output(path, None, None), Output("b", "0" * 64, 3)), "main", "c0ffee", notes=("Nobody ran it.",))
    draft = gate_prompt(params, about, facts=facts)
    build_prompt(draft, requirement=ANYONE_ONCE, ttl_s=60, now=0)
    found = blocks(draft["body"])
    kinds = {token.type for token in found}
    assert "html_block" not in kinds
    assert "code_block" not in kinds
    headings = [found[n + 1].content for n, token in enumerate(found) if token.type == "heading_open"]
    assert headings in (HEADINGS, HEADINGS[:1])
    wanted = [command["script"].rstrip("\n") + "\n" for command in commands]
    assert [token.content for token in found if token.type == "fence"] == wanted


@settings(deadline=None)
@given(spoken)
def test_each_place_holds_its_text_whole(text: str) -> None:
    assert blocks(f"{quoted(text)}\n\nend")[-2].content == "end"
    [fence, *rest] = blocks(f"{fenced(text, text)}\n\nend")
    assert (fence.type, fence.content) == ("fence", f"{text}\n")
    assert rest[1].content == "end"
    spans = MarkdownIt("commonmark").parseInline(f"a {in_code(text)} b")[0].children or []
    assert [span.type for span in spans] == ["text", "code_inline", "text"]
    assert spans[1].content == line(text)
    assert "\n" not in line(text)
