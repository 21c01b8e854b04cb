"""Prometheus' text format."""

from collections.abc import Mapping, Sequence
from typing import Self

Labels = Mapping[str, str]

PREFIX = "stemoteca_"


class Metric:
    """One metric, with its kind and its values."""

    def __init__(self, name: str, description: str) -> None:
        self._name = PREFIX + name
        self._description = description
        self._kind = "untyped"
        self._samples: list[str] = []

    def text(self) -> str:
        """Return its lines."""
        head = [f"# HELP {self._name} {self._description}", f"# TYPE {self._name} {self._kind}"]
        return "\n".join([*head, *self._samples]) + "\n"

    def gauge(self, value: float, labels: Labels | None = None) -> Self:
        """Give it one value, which may go up and down."""
        self._kind = "gauge"
        self._add("", labels or {}, value)
        return self

    def gauge_by(self, label: str, values: Mapping[str, float]) -> Self:
        """Give it a value for each value of ``label``."""
        for name, value in values.items():
            self.gauge(value, {label: name})
        return self

    def counter_by(self, label: str, values: Mapping[str, float]) -> Self:
        """Give it a value that only grows for each value of ``label``."""
        self._kind = "counter"
        for name, value in values.items():
            self._add("", {label: name}, value)
        return self

    def histograms(self, series: Sequence[tuple[Labels, Mapping[str, int], float]]) -> Self:
        """Give it histograms: labels, how many were at most each limit (the last is ``+Inf``), and the sum of all."""
        self._kind = "histogram"
        for labels, buckets, total in series:
            for limit, number in buckets.items():
                self._add("_bucket", {**labels, "le": limit}, number)
            self._add("_sum", labels, total)
            self._add("_count", labels, buckets["+Inf"])
        return self

    def _add(self, suffix: str, labels: Labels, value: float) -> None:
        written = ",".join(f'{name}="{_escape(text)}"' for name, text in labels.items())
        self._samples.append(
            f"{self._name}{suffix}{{{written}}} {value}" if written else f"{self._name}{suffix} {value}"
        )


def _escape(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
