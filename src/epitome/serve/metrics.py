"""What Prometheus reads at `/metrics`. No label names a person, a key or a document, and each has a bounded set."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

from epitome import __version__
from epitome.serve.drift import SIGNALS, Drift, length_met
from epitome.serve.service import Service
from epitome.stages import Ended, Stage
from epitome.types import Document, Request, Summary

_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 60, 120)
_START = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1)
_SHORT = (0.001, 0.005, 0.01, 0.025, *_SECONDS)
"""For stages: a check of one sentence takes a few milliseconds."""


class Metrics:
    """Counters of one service; several in a process do not meet."""

    def __init__(self, service: Service) -> None:
        self.registry = CollectorRegistry()
        named: Any = {"registry": self.registry}
        ProcessCollector(**named)
        self._requests = Counter("epitome_requests", "Requests answered.", ("route", "status"), **named)
        self._seconds = Histogram(
            "epitome_request_seconds",
            "From request to the end of its answer.",
            ("route",),
            buckets=_SECONDS,
            **named,
        )
        self._stages = Histogram(
            "epitome_stage_seconds", "What the time goes into: queue, read, plan, generate, choose, check.",
            ("stage",), buckets=_SHORT, **named,
        )  # fmt: skip
        self._first = Histogram(
            "epitome_first_token_seconds", "From request to the first token that the model writes.",
            buckets=_SECONDS, **named,
        )  # fmt: skip
        self._tokens = Counter(
            "epitome_tokens", "Tokens read (prompt; of them cached) and written.", ("kind",), **named
        )
        self._of_summaries(named)
        self._of_the_service(service, named)
        self._told = service.told
        self._told.append(self.summarised)

    def _of_summaries(self, named: Any) -> None:
        self._summaries = Counter("epitome_summaries", "Summaries written.", **named)
        self._support = Histogram(
            "epitome_sentence_support", "Support of the sentences of summaries.",
            buckets=[at / 10 for at in range(1, 11)], **named,
        )  # fmt: skip
        self._unsupported = Counter(
            "epitome_unsupported_sentences", "Sentences that the check doubts.", **named
        )
        self._lengths = Counter(
            "epitome_length_requests",
            "Summaries asked for with a length, and whether they have it.",
            ("met",),
            **named,
        )
        self._unmet = Counter(
            "epitome_unmet_requests", "Summaries that leave something asked for unmet.", **named
        )
        for met in ("yes", "no"):
            self._lengths.labels(met)

    def _of_the_service(self, service: Service, named: Any) -> None:
        held = Gauge("epitome_documents", "Documents under way (running) or waiting.", ("state",), **named)
        held.labels("running").set_function(lambda: service.running)
        held.labels("waiting").set_function(lambda: max(0, service.held - service.running))
        most = Gauge("epitome_documents_limit", "Documents under way and waiting at most.", **named)
        most.set(service.most)
        built = Gauge("epitome_build_info", "1; what runs.", ("version", "model"), **named)
        built.labels(__version__, service.summarizer.model.name).set(1)
        begun = Histogram(
            "epitome_start_seconds",
            "To the start of a document: from when a place was free where it waited for one, else from when it came.",
            ("waited",), buckets=_START, **named,
        )  # fmt: skip
        waited, at_once = begun.labels("yes"), begun.labels("no")
        service.room.begun.append(lambda seconds, late: (waited if late else at_once).observe(seconds))
        cache = Gauge("epitome_cache_bytes", "Summaries kept to be given again.", **named)
        cache.set_function(lambda: service.cache.bytes)
        asked = Counter("epitome_cache_requests", "Summaries looked for among those.", ("result",), **named)
        hit, miss = asked.labels("hit"), asked.labels("miss")
        service.cache.told.append(lambda found: (hit if found else miss).inc())

    @contextmanager
    def following(self, drift: Drift) -> Iterator[None]:
        """Count what is summarised for `drift`, and tell how far its signals have moved; it is kept at the end."""
        named: Any = {"registry": self.registry}
        index = Gauge(
            "epitome_drift_index", "Population stability index against the reference; over 0.25 it has moved.",
            ("signal",), **named,
        )  # fmt: skip
        for signal in SIGNALS:
            index.labels(signal).set_function(partial(drift.index, signal))
        Gauge("epitome_drift_window_documents", "Documents compared.", **named).set_function(
            lambda: drift.documents
        )
        self._told.append(drift.add)
        yield
        drift.look()

    def answered(self, route: str, status: int, seconds: float) -> None:
        """Count an answer."""
        self._requests.labels(route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def stage(self, stage: Stage) -> None:
        """Count a stage that is done, and the tokens it took."""
        self._stages.labels(stage.name).observe(stage.seconds)
        for kind in ("prompt", "cached", "generated"):
            self._tokens.labels(kind).inc(float(stage.facts.get(f"{kind}_tokens", 0)))

    def listener(self, stage: Stage) -> Ended:
        """Counts stages of work that is no request's."""
        return lambda: self.stage(stage)

    def first_token(self, seconds: float) -> None:
        """Count a request's time to its first token."""
        self._first.observe(seconds)

    def summarised(self, document: Document, request: Request, summary: Summary) -> None:
        """Count how good a summary is, and whether it is as it was asked for."""
        self._summaries.inc()
        self._unmet.inc(bool(summary.unmet))
        met = length_met(request, summary)
        if met is not None:
            self._lengths.labels("yes" if met else "no").inc()
        for sentence in summary.sentences:
            self._support.observe(sentence.support)
            self._unsupported.inc(not sentence.supported)

    def text(self) -> bytes:
        """The exposition format."""
        return generate_latest(self.registry)
