"""What Prometheus reads at `/metrics`. No label names a person, a key or a document."""

from __future__ import annotations

from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from epitome.serve.service import Service
from epitome.types import Summary

_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 60, 120)


class Metrics:
    """Counters of one service; several in a process do not meet."""

    def __init__(self, service: Service) -> None:
        self.registry = CollectorRegistry()
        named: Any = {"registry": self.registry}
        self._requests = Counter("epitome_requests", "Requests answered.", ("route", "status"), **named)
        self._seconds = Histogram(
            "epitome_request_seconds", "From request to answer.", ("route",), buckets=_SECONDS, **named
        )
        self._tokens = Counter("epitome_tokens", "Tokens read and written.", ("kind",), **named)
        self._support = Histogram(
            "epitome_sentence_support", "Support of the sentences of summaries.",
            buckets=[at / 10 for at in range(1, 11)], **named,
        )  # fmt: skip
        self._unsupported = Counter(
            "epitome_unsupported_sentences", "Sentences that the check doubts.", **named
        )
        self._unmet = Counter(
            "epitome_unmet_requests", "Summaries that leave something asked for unmet.", **named
        )
        held = Gauge("epitome_documents", "Documents under way or waiting.", **named)
        held.set_function(lambda: service.held)

    def answered(self, route: str, status: int, seconds: float) -> None:
        """Count an answer."""
        self._requests.labels(route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def summarised(self, summary: Summary) -> None:
        """Count what a summary took, and how good it is."""
        self._tokens.labels("prompt").inc(summary.prompt_tokens)
        self._tokens.labels("generated").inc(summary.generated_tokens)
        self._unmet.inc(bool(summary.unmet))
        for sentence in summary.sentences:
            self._support.observe(sentence.support)
            self._unsupported.inc(not sentence.supported)

    def text(self) -> bytes:
        """The exposition format."""
        return generate_latest(self.registry)
