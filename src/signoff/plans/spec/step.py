"""The steps of the plan: what is done, what comes of it, and the gate that it belongs to."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from signoff.documents.problem import Problem, shown
from signoff.plans.spec.gate_names import GATES
from signoff.plans.spec.model import TITLE_CHARS_MAX, Command, GateRef, Review, SpecStep
from signoff.plans.spec.outline import END, Heading, Line, Outline
from signoff.plans.spec.output_path import Leaves, refusal
from signoff.plans.spec.review import CHECKLIST, DECISION, read_review
from signoff.plans.spec.wording import entries, is_nothing, label_of, prose

PROMPT, COMMANDS, OUTPUTS = "prompt", "commands", "outputs"
#: Text after a gate review is for readers.
REMARK = "remark"
BASH = "bash"

#: What would otherwise pass for a part of the prompt.
_MISSPELT = ("prompts", "command", "output")

EXPECTED_STEP = "### Step N: Title [G0: Plan Approval], the bracket only where there is a gate"

_STEP = re.compile(r"step[ \t]+([0-9]{1,3})(?![0-9])[ \t]*[:.\u2013\u2014-]?[ \t]*(.*)", re.IGNORECASE)
#: A bracket that means a gate, whether or not it names one.
_GATE_LIKE = re.compile(r"\[[ \t]*g(?:ate\b)?[ \t-]*[0-9]", re.IGNORECASE)
_GATE = re.compile(r"\[[ \t]*(g[0-9]+)[ \t]*(?::([^\[\]]*))?\]", re.IGNORECASE)
_SPAN = re.compile(r"(`+)([^`]+)\1(?!`)")


@dataclass
class _Parts:
    """The lines of a step by the part that they belong to; `seen` are the labels, with their lines."""

    lines: dict[str, list[Line]] = field(default_factory=dict)
    seen: dict[str, int] = field(default_factory=dict)
    commands: list[Command] = field(default_factory=list)
    review: Review | None = None


def read_steps(
    outline: Outline, headings: Sequence[Heading], end: int, problems: list[Problem], leaves: Leaves
) -> tuple[SpecStep, ...]:
    """The steps under headings of the third level, in a plan that ends before the line `end`."""
    ends = [*(heading.line for heading in headings[1:]), end]
    read = [
        _StepReader(outline, problems, leaves).read(heading, until)
        for heading, until in zip(headings, ends, strict=True)
    ]
    steps = tuple(step for step in read if step)
    _check_order(steps, problems)
    return steps


def _check_order(steps: Sequence[SpecStep], problems: list[Problem]) -> None:
    last = -1
    seen: set[int] = set()
    for step in steps:
        if step.number in seen:
            problems.append(Problem(step.line, "duplicate-step", f"step {step.number} again", "each number once"))
        elif step.number < last:
            expected = f"a number after {last}"
            problems.append(Problem(step.line, "step-order", f"step {step.number} after step {last}", expected))
        seen.add(step.number)
        last = max(last, step.number)


@dataclass
class _StepReader:
    outline: Outline
    problems: list[Problem]
    leaves: Leaves

    def read(self, heading: Heading, end: int) -> SpecStep | None:
        parts = self._parts(heading.line + 1, end)
        match = _STEP.fullmatch(heading.text)
        if match is None:
            self._refuse(heading.line, "bad-step", f"the heading {shown(heading.text)}", EXPECTED_STEP)
            return None
        title, gate, remark = self._heading(heading.line, match[2])
        return SpecStep(
            number=int(match[1]),
            title=title,
            gate=gate,
            remark=remark,
            prompt=self._prompt(parts),
            commands=tuple(parts.commands),
            outputs=self._outputs(parts.lines.get(OUTPUTS, [])),
            review=self._review(parts.review, gate, heading),
            line=heading.line,
        )

    def _heading(self, line: int, text: str) -> tuple[str, GateRef | None, str]:
        """Title, gate and remark."""
        likes = _GATE_LIKE.findall(text)
        match = _GATE.search(text) if likes else None
        title = text[: match.start()].strip() if match else text.strip()
        gate = None
        if likes:
            gate = self._gate(match) if match and len(likes) == 1 else None
            if gate is None:
                self._refuse(line, "unknown-gate", f"the gate in {shown(text)}", "one of [G0: name] to [G4: name]")
        if not title or len(title) > TITLE_CHARS_MAX:
            self._refuse(line, "bad-step", f"a title of {len(title)} characters", f"1 to {TITLE_CHARS_MAX}")
        return title, gate, text[match.end() :].strip() if match else ""

    def _gate(self, match: re.Match[str]) -> GateRef | None:
        code = match[1].upper()
        return GateRef(code, (match[2] or "").strip() or GATES[code]) if code in GATES else None

    def _review(self, review: Review | None, gate: GateRef | None, heading: Heading) -> Review | None:
        # A gate that is not known has been refused already.
        if review is not None and gate is None and not _GATE_LIKE.search(heading.text):
            found = f"a gate review in a step without a gate, {shown(heading.text)}"
            self._refuse(heading.line, "review-without-gate", found, "a gate in the step's heading, as [G0: name]")
        return review

    def _parts(self, first: int, end: int) -> _Parts:
        parts, part, at = _Parts(), "", first
        while at < end:
            line = self.outline.lines[at - 1]
            fence, mark, label = self.outline.fences.get(at), self.outline.marks.get(at), label_of(line)
            if mark:
                at, part = self._marked(parts, mark, at, end), REMARK
                continue
            if fence and part == COMMANDS:
                parts.commands.append(Command(fence.lang or BASH, fence.content))
                at = fence.last + 1
                continue
            if label and label[0] in _MISSPELT:
                self._refuse(at, "unknown-label", shown(line.text), "**Prompt:**, **Commands:** or **Outputs:**")
            elif label and label[0] in (PROMPT, COMMANDS, OUTPUTS):
                part = self._begin(parts, label[0], at)
                line = Line(at, label[1])
            self._check_heading(self.outline.headings.get(at))
            parts.lines.setdefault(part, []).append(line)
            at += 1
        self._check_commands(parts.lines.get(COMMANDS, []))
        return parts

    def _begin(self, parts: _Parts, part: str, line: int) -> str:
        if part in parts.seen:
            found = f"**{part.capitalize()}:** again, after line {parts.seen[part]}"
            self._refuse(line, "duplicate-label", found, "each label once in a step")
        parts.seen[part] = line
        return part

    def _marked(self, parts: _Parts, mark: str, at: int, end: int) -> int:
        """Takes the review that begins here, and says where to go on."""
        if mark == END:
            self._refuse(at, "unopened-review", "GATE_REVIEW_END", "GATE_REVIEW_START before it")
            return at + 1
        following = (line for line in range(at + 1, end) if line in self.outline.marks)
        closing = next(following, end)
        if self.outline.marks.get(closing) != END or closing == end:
            self._refuse(at, "unclosed-review", "GATE_REVIEW_START and no end", "GATE_REVIEW_END in the same step")
            closing = min(closing, end)
        if parts.review is not None:
            self._refuse(at, "duplicate-review", "a second gate review", "one in a step")
        parts.review = read_review(self.outline, at + 1, closing, self.problems)
        return closing + (self.outline.marks.get(closing) == END)

    def _check_heading(self, heading: Heading | None) -> None:
        if heading and heading.text.lower().rstrip(":") in (CHECKLIST, DECISION):
            found = f"the heading {shown(heading.text)} outside a gate review"
            self._refuse(heading.line, "unmarked-review", found, "<!-- GATE_REVIEW_START --> before it")

    def _check_commands(self, lines: Sequence[Line]) -> None:
        for line in lines:
            if not is_nothing(line):
                self._refuse(line.number, "bad-command", shown(line.text), "fenced blocks, as ```bash")

    def _prompt(self, parts: _Parts) -> str:
        """Text that stands before any label is part of what is asked for."""
        texts = [prose(parts.lines.get(part, [])) for part in ("", PROMPT)]
        return "\n\n".join(text for text in texts if text)

    def _outputs(self, lines: Sequence[Line]) -> tuple[str, ...]:
        others: list[Line] = []
        found = [(entry.number, entry.text) for entry in entries(lines, others)]
        found += [(line.number, line.text) for line in others]
        paths: dict[str, int] = {}
        for number, text in found:
            match = _SPAN.match(text.strip())
            if match:
                self._add_output(paths, match[2].strip(), number)
            elif text:
                self._refuse(number, "bad-output", shown(text), "- `path/in/the/repository`")
        return tuple(paths)

    def _add_output(self, paths: dict[str, int], path: str, line: int) -> None:
        if found := refusal(path, self.leaves):
            self._refuse(line, "bad-output", found, "a path inside the repository")
        elif path in paths:
            self._refuse(line, "bad-output", f"the path {path!r} again", "each path once in a step")
        else:
            paths[path] = line

    def _refuse(self, line: int, code: str, found: str, expected: str) -> None:
        self.problems.append(Problem(line, code, found, expected))


def gates_of(steps: Sequence[SpecStep]) -> Mapping[str, list[SpecStep]]:
    """The steps of each gate, by its code, in the order of the plan."""
    found: dict[str, list[SpecStep]] = {}
    for step in steps:
        if step.gate:
            found.setdefault(step.gate.code, []).append(step)
    return found
