"""A scrape, read by Prometheus's own parser."""

from __future__ import annotations

from collections.abc import Mapping

from prometheus_client.parser import text_string_to_metric_families

from signoff.telemetry.metrics import Metrics

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


class Scrape:
    """What a process tells: `families` are kinds by name, `value` is that of one sample."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.families: dict[str, str] = {}
        self.labels: dict[str, set[str]] = {}
        self._samples: Samples = {}
        for family in text_string_to_metric_families(text):
            self.families[family.name] = family.type
            for sample in family.samples:
                self._samples[sample.name, frozenset(sample.labels.items())] = sample.value
                self.labels.setdefault(family.name, set()).update(sample.labels.keys() - {"le"})

    def value(self, name: str, **labels: str) -> float | None:
        return self._samples.get((name, frozenset(labels.items())))

    def values(self, name: str) -> Mapping[frozenset[tuple[str, str]], float]:
        return {labels: value for (sample, labels), value in self._samples.items() if sample == name}

    def sum(self, name: str) -> float:
        return sum(self.values(name).values())


def scrape(metrics: Metrics) -> Scrape:
    body, _ = metrics.tell("")
    return Scrape(body.decode())
