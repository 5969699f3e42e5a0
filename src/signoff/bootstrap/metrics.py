"""What a process tells of itself: its metrics, and traces."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from signoff.settings import Settings

if TYPE_CHECKING:
    from signoff.app.world import World
    from signoff.engine.health import TellMetrics
    from signoff.telemetry.metrics import Metrics
    from signoff.telemetry.table import Teller


@contextmanager
def watched(settings: Settings, world: World, tellers: frozenset[Teller]) -> Iterator[Metrics]:
    """This process while this is open: its metrics, of what its kind has, and traces where the settings say so.

    Raises:
        MissingProgramError: traces are wanted, and their extra is not installed.
    """
    from importlib.metadata import version

    from signoff.app.spans import watched_by
    from signoff.telemetry.metrics import Metrics
    from signoff.telemetry.tracing import traced

    metrics = Metrics(world, version=version("signoff"), tellers=tellers)
    with ExitStack() as stack:
        traces = [stack.enter_context(traced(version("signoff")))] if settings.tracing else []
        stack.enter_context(watched_by(metrics.process, *traces))
        yield metrics


def tell_metrics(world: World, metrics: Metrics) -> TellMetrics:
    """To whoever signs in."""
    from signoff.app.sign_in import sign_in

    def tell(*, token: str | None, accept: str) -> tuple[bytes, str]:
        sign_in(world, token=token)
        return metrics.tell(accept)

    return tell
