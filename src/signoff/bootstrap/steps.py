"""What the steps of runs are done by: the agent and the sandbox of the settings, and git."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from signoff.clock import now_us
from signoff.settings import Settings

if TYPE_CHECKING:
    from signoff.app.steps import Agent, Attend, RepositorySandbox, Sandbox, StepAgent, Steps
    from signoff.app.world import World
    from signoff.gates.gate import Gate
    from signoff.runners.story.agents import StoryAgent

#: The most that any workload may ask for; a run's own `sandboxMinutes` is what bounds its tasks.
SANDBOX_TIMEOUT_S = 86_400


def make_steps(
    settings: Settings, *, attend: Attend | None = None, gates_of: Callable[[str], Sequence[Gate]] = lambda _: ()
) -> Steps:
    """`gates_of` finds the gates of a run: what was decided at them is what some steps write down."""
    from signoff.plans import story
    from signoff.runners import compile_default
    from signoff.runners.mission import steps as mission
    from signoff.runners.routes import RoutedSteps
    from signoff.runners.spec import steps as spec
    from signoff.runners.story.steps import StorySteps
    from signoff.runners.worktree import ScratchWorkTree

    work_tree = ScratchWorkTree(settings.dir / "work")
    work_tree.check()
    of_intents = compile_default.CompileDefaultSteps(_make_agent(settings), work_tree, _make_sandbox(settings))
    of_specs = spec.SpecSteps(
        _make_step_agent(settings, attend), _make_repository_sandbox(settings), settings.dir.resolve()
    )
    of_stories = StorySteps(_make_story_agent(settings, attend), settings.dir.resolve())
    return RoutedSteps(
        {
            **dict.fromkeys(compile_default.ACTIONS, of_intents),
            **dict.fromkeys(spec.ACTIONS, of_specs),
            **dict.fromkeys(mission.ACTIONS, mission.MissionSteps(gates_of, now_us)),
            **dict.fromkeys(story.ACTIONS, of_stories),
        }
    )


def make_rehearsed_steps(settings: Settings) -> Steps:
    """Those of the built-in recipe, with the agent and the sandbox of the settings and a harmless task of our own.

    Raises:
        MissingProgramError.
    """
    from signoff.runners.compile_default import CompileDefaultSteps
    from signoff.runners.rehearsal import RehearsedAgent
    from signoff.runners.worktree import ScratchWorkTree

    work_tree = ScratchWorkTree(settings.dir / "work")
    work_tree.check()
    return CompileDefaultSteps(RehearsedAgent(_make_agent(settings)), work_tree, _make_sandbox(settings))


def make_mission_steps(world: World) -> Steps:
    """Those behind the gates of missions alone, for commands that do them without a worker."""
    from signoff.app.find import find_gates_of
    from signoff.runners.mission.steps import MissionSteps

    return MissionSteps(lambda run_id: find_gates_of(world, run_id), now_us)


def _make_agent(settings: Settings) -> Agent:
    if settings.agent == "replay":
        from signoff.runners.replay import ReplayAgent

        return ReplayAgent()
    if settings.agent == "none":
        from signoff.runners.nobody import NoAgent

        return NoAgent()
    from signoff.runners.command import CommandAgent

    agent = CommandAgent(settings.agent_command or (), settings.agent_timeout_s, settings.agent_output_bytes_max)
    agent.check()
    return agent


def _make_step_agent(settings: Settings, attend: Attend | None) -> StepAgent:
    if settings.agent == "replay":
        from signoff.runners.spec.replay import ReplayStepAgent

        return ReplayStepAgent(settings.replay_dir, settings.dir)
    if settings.agent == "none":
        from signoff.runners.nobody import PersonStepAgent

        return PersonStepAgent(attend)
    from signoff.runners.spec.agents import CommandStepAgent

    return CommandStepAgent(settings.agent_command or (), settings.agent_timeout_s, settings.agent_output_bytes_max)


def _make_story_agent(settings: Settings, attend: Attend | None) -> StoryAgent:
    from signoff.runners.story.agents import CommandStoryAgent, PersonStoryAgent, ReplayStoryAgent

    if settings.agent == "replay":
        return ReplayStoryAgent(settings.replay_dir, settings.dir)
    if settings.agent == "none":
        return PersonStoryAgent(settings.dir.resolve(), attend)
    return CommandStoryAgent(settings.agent_command or (), settings.agent_timeout_s, settings.agent_output_bytes_max)


def _make_repository_sandbox(settings: Settings) -> RepositorySandbox:
    from signoff.runners.spec.commands import LocalRepositorySandbox, MockRepositorySandbox

    if settings.sandbox == "mock":
        return MockRepositorySandbox()
    return LocalRepositorySandbox(settings.command_timeout_s, settings.sandbox_output_bytes_max, settings.dir)


def _make_sandbox(settings: Settings) -> Sandbox:
    from signoff.runners.sandbox import LocalSandbox, MockSandbox

    if settings.sandbox == "mock":
        return MockSandbox()
    return LocalSandbox(SANDBOX_TIMEOUT_S, settings.sandbox_output_bytes_max, settings.dir / "sandbox")
