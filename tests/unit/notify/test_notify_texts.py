"""The words of notices. Titles, names and reasons come from strangers: whatever they hold, they stay words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from signoff.app.deliver_notice import Notice
from signoff.app.notify_gate import ENDING, EVENTS
from signoff.errors import DeliveryError, NotifyFileError
from signoff.gates.gate import Gate
from signoff.gates.prompt import build_prompt
from signoff.gates.requirement import Need, Requirement
from signoff.notify.email import EmailChannel, MailServer
from signoff.notify.facts import facts_of, link_to, one_line
from signoff.notify.open_file import open_notify_file
from signoff.notify.sample import sample_notice
from signoff.notify.secrets import Secrets
from signoff.notify.slack import SlackChannel
from signoff.notify.texts import Texts
from signoff.notify.words import Words

URL = "https://signoff.example"
PARTS = {
    "console": ["txt"],
    "email": ["subject.txt", "txt", "html"],
    "slack": ["mrkdwn"],
    "linear": ["title.txt", "md"],
    "apprise": ["title.txt", "txt"],
}
HOSTILE = [
    "<!channel> <@U123> <https://evil.example|Approve here>",
    "</h1><script>alert(1)</script><a href='https://evil.example'>Approve</a>",
    "Hello\r\nBcc: everybody@example.org\r\n\r\nbody",
    "[Approve](https://evil.example) ![x](https://evil.example/x.png) `code` **bold**",
    "\u202egnp.exe\u202c \u200b\x1b[2J\x07 \u2028next",
    "{{ 7 * 7 }} {% for x in y %}",
    "a" * 300,
]


def notice_of(event: str, title: str = "Ship it?", **changes: Any) -> Notice:
    sample = sample_notice("nd_1", now=0, event=event)
    draft = {"title": title, "payload": {"subject": {title[:20]: title}}}
    requirement = Requirement(needs=(Need(("lead", "cto"), 2),))
    prompt = build_prompt(draft, requirement=requirement, ttl_s=60, now=0)
    given: dict[str, Any] = {"requested_by": title, "requirement": requirement, "risk_level": "high"}
    gate = replace(sample.gate, prompt=prompt, **{**given, **changes})
    if gate.reply is not None:
        gate = replace(gate, reply={"choice": "yes", "rationale": title}, decided_by=title)
    return replace(sample, gate=gate)


def facts(notice: Notice) -> Mapping[str, Any]:
    return facts_of(notice, public_url=URL)


def links_in(html: str) -> list[str]:
    found: list[str] = []

    class Links(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            found.extend(str(value) for name, value in attrs if name in ("href", "src", "onerror"))
            found.extend([tag] if tag in ("script", "img", "iframe") else [])

    Links().feed(html)
    return found


@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize(("kind", "part"), [(kind, part) for kind, parts in PARTS.items() for part in parts])
def test_every_channel_has_words_for_every_event(kind: str, part: str, event: str) -> None:
    text = Texts().render(kind, part, facts(notice_of(event)))
    assert "Ship it?" in text.replace("\\", "")
    assert "{{" not in text


@pytest.mark.parametrize("event", EVENTS)
def test_a_message_links_to_the_inbox_and_nowhere_else(event: str) -> None:
    for title in HOSTILE:
        html = Texts().render("email", "html", facts(notice_of(event, title)))
        assert links_in(html) == [f"{URL}/gates/notify-test/test"]


def test_without_a_public_url_there_is_no_link() -> None:
    notice = notice_of("gate.opened")
    html = Texts().render("email", "html", facts_of(notice, public_url=None))
    assert links_in(html) == []
    assert "signoff gate show notify-test test" in html


def test_a_link_is_made_of_the_gates_names_whatever_they_hold() -> None:
    gate = replace(sample_notice("nd_1", now=0).gate, workflow_id="a:b@c+d", gate_key="e:f_g")
    assert link_to(gate, "https://signoff.example/base/") == "https://signoff.example/base/gates/a%3Ab%40c%2Bd/e%3Af_g"


@pytest.mark.parametrize("event", [event for event in EVENTS if event not in ENDING])
def test_who_asks_says_how_to_answer_and_who_is_late_says_what_became_of_it(event: str) -> None:
    late = replace(notice_of(event), gate=notice_of("gate.decided").gate)
    for kind, part in (("console", "txt"), ("email", "txt"), ("slack", "mrkdwn"), ("linear", "md")):
        asked = Texts().render(kind, part, facts(notice_of(event)))
        assert "signoff gate show notify-test test" in asked or URL in asked
        assert "signoff gate show" not in Texts().render(kind, part, facts(late))
    assert Texts().headline(facts(late)) == "No longer asked: Ship it?"


@pytest.mark.parametrize("title", HOSTILE)
def test_nothing_that_a_stranger_says_is_more_than_one_line(title: str) -> None:
    for event in EVENTS:
        told = facts(notice_of(event, title))
        for text in [text for text in told.values() if isinstance(text, str)] + [text for _, text in told["about"]]:
            assert text.isprintable() or text == ""
            assert len(text) <= 501
        for part in ("subject.txt",):
            assert "\n" not in Texts().render("email", part, told)


@pytest.mark.parametrize("title", HOSTILE)
def test_nothing_in_a_slack_message_is_a_mention_or_a_link_but_the_button(title: str) -> None:
    channel = SlackChannel(Words(Texts(), URL), token="t", api_url="http://127.0.0.1:9")
    for event in EVENTS:
        message = channel._message(notice_of(event, title))
        header, section, actions = message["blocks"]
        assert "<" not in section["text"]["text"] + message["text"]
        assert (header["text"]["type"], section["text"]["verbatim"]) == ("plain_text", True)
        assert (message["parse"], message["link_names"], message["unfurl_links"]) == ("none", False, False)
        assert [one["url"] for one in actions["elements"]] == [f"{URL}/gates/notify-test/test"]
        assert len(header["text"]["text"]) <= 150
        assert len(section["text"]["text"]) <= 3_000


@pytest.mark.parametrize("title", HOSTILE)
def test_a_mail_has_the_headers_that_this_program_gave_it_and_no_more(title: str) -> None:
    server = MailServer("127.0.0.1", 9, "none", "", "")
    message = EmailChannel(Words(Texts(), URL), server, sender="s@example.org")._message(
        notice_of("gate.opened", title), "ada@example.org"
    )
    head = message.as_bytes().split(b"\r\n\r\n", 1)[0].decode()
    # A long header goes on in lines that begin with a space.
    names = [line.partition(":")[0].lower() for line in head.split("\r\n") if not line.startswith((" ", "\t"))]
    assert sorted(names) == sorted(
        ["from", "to", "subject", "date", "message-id", "references", "auto-submitted", "mime-version", "content-type"]
    )
    assert message["Message-ID"] == "<nd_1@example.org>"


@pytest.mark.parametrize("title", HOSTILE)
def test_nothing_in_markdown_is_a_link_an_image_or_code_but_our_own(title: str) -> None:
    text = Texts().render("linear", "md", facts(notice_of("gate.opened", title)))
    bare = text.replace(f"[Open it in the inbox]({URL}/gates/notify-test/test)", "")
    bare = bare.replace("`signoff gate show notify-test test`", "").replace("**", "")
    for special in "[]()`!<>":
        assert [at for at, one in enumerate(bare) if one == special and bare[at - 1] != "\\"] == []


def test_one_line_is_bounded_and_drops_what_is_obeyed() -> None:
    assert one_line("a\r\n\tb\u2028c\u202ed\x1b[31me\x00") == "a b cd [31me"
    assert len(one_line("x" * 10_000)) == 501


# The user's own templates


def write(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


def test_a_users_template_goes_before_ours_and_one_for_an_event_before_that_for_all(tmp_path: Path) -> None:
    write(tmp_path, "slack/notice.mrkdwn", "mine: {{ title }}")
    write(tmp_path, "slack/gate.decided.mrkdwn", "over: {{ decided_by }}")
    write(tmp_path, "headline/gate.opened.txt", "Look: {{ title }}")
    texts = Texts(tmp_path)
    assert texts.render("slack", "mrkdwn", facts(notice_of("gate.opened", "a <b>"))) == "mine: a &lt;b&gt;"
    assert texts.render("slack", "mrkdwn", facts(notice_of("gate.decided"))) == "over: Ship it?"
    assert texts.render("email", "subject.txt", facts(notice_of("gate.opened"))) == "Look: Ship it?"
    assert texts.render("console", "txt", facts(notice_of("gate.decided"))).startswith("Decided by")


@pytest.mark.parametrize(
    "text",
    [
        "{{ title.__class__.__mro__ }}",
        "{{ ''.__class__.__base__.__subclasses__() }}",
        "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
        "{{ about.append(1) }}",
        "{{ unknown }}",
        "{{ 1 // 0 }}",
        "{{ title",
        "{% include '../../../../etc/passwd' %}",
        "{% include '/etc/passwd' %}",
    ],
)
def test_a_template_can_do_nothing_but_say_words(tmp_path: Path, text: str) -> None:
    write(tmp_path, "slack/notice.mrkdwn", text)
    with pytest.raises(DeliveryError):
        Texts(tmp_path).render("slack", "mrkdwn", facts(notice_of("gate.opened")))


def test_what_is_wrong_with_templates_is_told_when_the_file_is_opened(tmp_path: Path) -> None:
    write(tmp_path, "notify.yaml", "templates: words\n")
    write(tmp_path, "words/slack/notice.mrkdwn", "one\n{{ oops\n")
    write(tmp_path, "words/email/gate.decided.html", "{{ nothing }}")
    write(tmp_path, "words/fax/notice.txt", "never used")
    write(tmp_path, "words/headline/gate.opened.txt", "{{ title }}")
    with pytest.raises(NotifyFileError) as refusal:
        open_notify_file(tmp_path / "notify.yaml", called="notify.yaml", secrets=Secrets({}))
    told = refusal.value.details["problems"]
    assert [(Path(one["path"]).relative_to(tmp_path).as_posix(), one["line"], one["code"]) for one in told] == [
        ("words/email/gate.decided.html", 1, "invalid-template"),
        ("words/fax/notice.txt", 1, "unknown-template"),
        ("words/slack/notice.mrkdwn", 2, "invalid-template"),
    ]


def test_gates_of_the_sample_are_as_the_ledger_would_have_them() -> None:
    for event in EVENTS:
        gate: Gate = sample_notice("nd_1", now=0, event=event).gate
        assert gate.is_final is (event in ENDING)
        assert (gate.receipt() is None) is not gate.is_final
