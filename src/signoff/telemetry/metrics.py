"""The metrics of one process, and how they are told."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder

from signoff.app.world import World
from signoff.telemetry.ledger_metrics import LedgerMetrics
from signoff.telemetry.process_metrics import ProcessMetrics
from signoff.telemetry.table import METRICS, Teller

#: What a process has whose API it is.
API: frozenset[Teller] = frozenset({"server", "api", "ledger"})
WORKER: frozenset[Teller] = frozenset({"server", "worker"})


class Metrics:
    """`process` watches the spans of this process. With the teller `ledger` the ledger is measured at a scrape."""

    def __init__(self, world: World, *, version: str, tellers: frozenset[Teller]) -> None:
        self._registry = CollectorRegistry()
        self._ledger = LedgerMetrics(world) if "ledger" in tellers else None
        self.process = ProcessMetrics(self._registry, tellers, version=version)
        ProcessCollector(registry=self._registry)
        self._registry.register(_Asked(lambda: _pool(world.ledger.connections())))
        if self._ledger is not None:
            self._registry.register(_Asked(self._ledger.collect))

    def begin(self) -> None:
        """What comes about in the ledger from now on is counted.

        Raises:
            LedgerUnavailableError:
        """
        if self._ledger is not None:
            self._ledger.begin()

    def tell(self, accept: str) -> tuple[bytes, str]:
        """All of them, and the media type: OpenMetrics where the header `Accept` asks for it, else Prometheus's text.

        Raises:
            LedgerUnavailableError:
        """
        encode, media_type = choose_encoder(accept)
        return encode(self._registry), media_type


class _Asked:
    """A collector that is not asked when it is registered, as one without `describe` would be."""

    def __init__(self, collect: Callable[[], Iterator[Metric]]) -> None:
        self.collect = collect

    def describe(self) -> list[Metric]:
        return []


def _pool(connections: Mapping[str, int]) -> Iterator[Metric]:
    if not connections:
        return
    name = "signoff_pool_connections"
    family = GaugeMetricFamily(name, METRICS[name].help, labels=METRICS[name].labels)
    for state in ("idle", "busy"):
        family.add_metric((state,), connections[state])
    yield family
    yield GaugeMetricFamily("signoff_pool_waiting", METRICS["signoff_pool_waiting"].help, value=connections["waiting"])
