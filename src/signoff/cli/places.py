"""Every command that is imported when it is used, and not before: where it is, and what `--help` says of it.

A new command is a line here. The words stand here so that `--help` imports none.
"""

from __future__ import annotations

from collections.abc import Mapping

#: By the command's name: `module:attribute`, and one line.
Places = Mapping[str, tuple[str, str]]

COMMANDS: Places = {
    "api": ("signoff.cli.up:api", "The API alone; workers run elsewhere on the same database."),
    "ask": ("signoff.cli.ask:ask", "Ask a person, wait, and exit by the answer: for scripts and CI jobs."),
    "audit": ("signoff.cli.audit:audit", "Read, verify and export the audit trail."),
    "bench": ("signoff.cli.bench.group:bench", "Measure: load, bursts, races, waking, waiting."),
    "completion": ("signoff.cli.completion:completion", "Print what makes a shell complete signoff's commands."),
    "db": ("signoff.cli.db:db", "Upgrade, query, check, back up and prune the database."),
    "demo": ("signoff.cli.demo:demo", "The main job in one command: run, stop at a gate, answer, prove."),
    "dev": ("signoff.cli.dev:dev", "Try things out: the clock of a development server."),
    "doctor": ("signoff.cli.doctor:doctor", "Check the set-up: settings and their origin, ledger, programs."),
    "gate": ("signoff.cli.gate.group:gate", "List, show and answer gates."),
    "mission": ("signoff.cli.mission.group:mission", "Missions: work packages from a plan to a release."),
    "notify": ("signoff.cli.notify:notify", "Whom signoff tells of gates: check, test, list and retry."),
    "policy": ("signoff.cli.policy:policy", "Assess tasks, and check and explain the risk policy."),
    "principal": ("signoff.cli.principal:principal", "People and services by name, with their roles."),
    "release": ("signoff.cli.release.commands:release", "Decide whether a commit may be released."),
    "run": ("signoff.cli.run:run", "Start, list, follow, cancel and retry runs."),
    "spec": ("signoff.cli.spec.commands:spec", "Write, compile and check specs: plans in Markdown."),
    "story": ("signoff.cli.story.group:story", "Story pipelines and their three checkpoints."),
    "token": ("signoff.cli.token:token", "Tokens, by which principals sign in at the server."),
    "up": ("signoff.cli.up:up", "Everything in one process: API and worker."),
    "workflow": ("signoff.cli.workflow:workflow", "Have tasks assessed and approved by their risk."),
    "worker": ("signoff.cli.up:worker", "A worker alone: any number of them against one database."),
}

GATE_COMMANDS: Places = {
    "approve": ("signoff.cli.gate.commands:approve", "Approve: with the gate's choice that lets it through."),
    "defer": ("signoff.cli.gate.commands:defer", "Say that you have seen it, and leave it open."),
    "list": ("signoff.cli.gate.listing:list_gates", "What waits for a person, soonest deadline first."),
    "override": ("signoff.cli.gate.commands:override", "Go past a gate, whatever it requires."),
    "reject": ("signoff.cli.gate.commands:reject", "Reject: with the gate's choice that ends it here."),
    "reply": ("signoff.cli.gate.commands:reply", "Answer with any choice and any payload."),
    "report": ("signoff.cli.gate.commands:report_on_gates", "What was decided: by whom, when, and why."),
    "show": ("signoff.cli.gate.commands:show", "What a gate asks, and the commands that answer it."),
    "stats": ("signoff.cli.gate.commands:stats", "How many there are, and what became of them."),
}

MISSION_COMMANDS: Places = {
    "adopt": ("signoff.cli.mission.adopt:adopt", "Make what a mission of an older tool lacks."),
    "claim": ("signoff.cli.mission.claim:claim", "Take a work package: from now on it is yours."),
    "doctor": ("signoff.cli.mission.doctor:doctor", "Find recoverable troubles of missions, and say how."),
    "guard": ("signoff.cli.mission.guard:guard", "Check a commit against the active work package's files."),
    "init": ("signoff.cli.mission.scaffold:init", "Begin a mission: its folder and its identity."),
    "list": ("signoff.cli.mission.overview:list_missions", "The missions here, and how far each is."),
    "merge": ("signoff.cli.mission.merge:merge", "Bring a mission's lanes into its target branch."),
    "move": ("signoff.cli.mission.move:move", "Move a work package to another lane."),
    "override": ("signoff.cli.mission.override:override", "Let a package pass that its newest review rejects."),
    "plan": ("signoff.cli.mission.scaffold:plan", "Write the mission's plan.md, to be filled in."),
    "preflight": ("signoff.cli.mission.preflight:preflight", "Say what stands against a merge or a release."),
    "review": ("signoff.cli.mission.review:review", "Have a work package reviewed: opens its gate."),
    "ship": ("signoff.cli.mission.ship:ship", "Have a mission signed off, and write its release report."),
    "specify": ("signoff.cli.mission.scaffold:specify", "Write the mission's spec.md, to be filled in."),
    "start": ("signoff.cli.mission.start:start", "Begin work on a claimed package, in its lane's worktree."),
    "status": ("signoff.cli.mission.board:status", "A mission's board: its work packages by lane."),
    "submit": ("signoff.cli.mission.move:submit", "Hand a finished work package in for review."),
    "tasks": ("signoff.cli.mission.scaffold:tasks", "Make work packages and lanes of the plan."),
    "validate": ("signoff.cli.mission.validate:validate", "Check the files of missions; nothing is written."),
}

STORY_COMMANDS: Places = {
    "audit": ("signoff.cli.story.audit:audit", "What a pipeline's state file cannot show of its stories."),
    "checkpoint": ("signoff.cli.story.checkpoint:checkpoint", "Show a story's checkpoint, and take the decision."),
    "qa-check": ("signoff.cli.story.qa_check:qa_check", "Check QA gate files: shape, vocabulary, contradictions."),
    "resume": ("signoff.cli.story.start:resume", "Go on with a story that stopped at a checkpoint."),
    "start": ("signoff.cli.story.start:start", "Run a story from the backlog to its commit."),
    "status": ("signoff.cli.story.status:status", "Where a story stands, and what it waits for."),
}

BENCH_COMMANDS: Places = {
    "burst": ("signoff.cli.bench.burst:burst", "Answer many gates at once; nothing is lost or doubled."),
    "cli": ("signoff.cli.bench.commands:commands", "How long commands take, beside a bare program."),
    "load": ("signoff.cli.bench.load:load", "Open many runs to their gates."),
    "park": ("signoff.cli.bench.park:park", "What many waiting gates cost a worker, and its restart."),
    "race": ("signoff.cli.bench.race:race", "Different answers to one gate at once: who wins, who is told?"),
    "soak": ("signoff.cli.bench.soak:soak", "Answers at an even rate for minutes; memory stays flat."),
    "wake": ("signoff.cli.bench.wake:wake", "From the commit of a decision to the next leg."),
}
