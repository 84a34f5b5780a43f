"""OpenTelemetry traces: a span for each request and each of its stages.

Off unless the standard `OTEL_*` variables say where they go. Spans have names, counts and seconds; never a text, a key
or a person's name.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from epitome import __version__
from epitome.errors import EngineError
from epitome.stages import Stage

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter
    from opentelemetry.trace import Span

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_TOKENS = {"prompt_tokens": "gen_ai.usage.input_tokens", "generated_tokens": "gen_ai.usage.output_tokens"}
"""Names of OpenTelemetry's conventions for generative models; what has none there is `epitome.NAME`."""


def wanted(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether the variables ask for traces: an OTLP endpoint is named, and neither the SDK nor traces are off."""
    off = environment.get("OTEL_SDK_DISABLED", "").lower() == "true"
    exporter = environment.get("OTEL_TRACES_EXPORTER", "otlp")
    return not off and exporter == "otlp" and any(environment.get(name) for name in _ENDPOINTS)


class Tracing:
    """Makes the spans of a service and sends them, in the background, to an OTLP collector over HTTP.

    `exporter` is for tests and for programs with one of their own. Sampling, headers, certificates and the service's
    name come from `OTEL_*` variables. Raises `EngineError` where the extra is not installed.
    """

    def __init__(self, exporter: SpanExporter | None = None) -> None:
        try:
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
            from opentelemetry.sdk.resources import Resource
            from opentelemetry.sdk.trace import TracerProvider
            from opentelemetry.sdk.trace.export import BatchSpanProcessor
        except ImportError as error:
            raise EngineError(
                f"OTEL_* variables ask for traces, and {error.name} is not installed",
                hint="pip install 'epitome[trace]', or unset them",
            ) from error
        named = {"service.version": __version__}
        if not os.environ.get("OTEL_SERVICE_NAME"):
            named["service.name"] = "epitome"
        # Not the process's own provider: FastAPI would put its spans there, with the query of each address.
        self._provider = TracerProvider(resource=Resource.create(named), shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(exporter or OTLPSpanExporter()))
        self._tracer = self._provider.get_tracer("epitome", __version__)

    def request(self, method: str, headers: Mapping[str, str]) -> Trace:
        """A request's span, begun; under the caller's where the headers name one (`traceparent`)."""
        from opentelemetry.propagate import extract
        from opentelemetry.trace import SpanKind

        span = self._tracer.start_span(
            method, extract(headers), SpanKind.SERVER, {"http.request.method": method}
        )
        return Trace(self._tracer, span)

    def close(self) -> None:
        """Send what is still held."""
        self._provider.shutdown()


class Trace:
    """A request's span and those of its stages."""

    def __init__(self, tracer: Any, span: Span) -> None:
        self._tracer, self._span = tracer, span

    @property
    def id(self) -> str:
        """32 hexadecimal digits, for log lines."""
        return format(self._span.get_span_context().trace_id, "032x")

    def stage(self, name: str) -> Span:
        """A stage's span, begun."""
        from opentelemetry.trace import set_span_in_context

        span: Span = self._tracer.start_span(name, set_span_in_context(self._span))
        return span

    @staticmethod
    def staged(span: Span, stage: Stage) -> None:
        """End a stage's span."""
        for name, value in stage.facts.items():
            span.set_attribute(_TOKENS.get(name, f"epitome.{name}"), value)
        _end(span, stage.error)

    def end(self, method: str, route: str, status: int, error: str | None) -> None:
        """End the request's span."""
        self._span.update_name(f"{method} {route}")
        self._span.set_attributes({"http.route": route, "http.response.status_code": status})
        _end(self._span, error if status >= 500 else None)


def _end(span: Span, error: str | None) -> None:
    if error is not None:
        from opentelemetry.trace import StatusCode

        span.set_attribute("error.type", error)
        span.set_status(StatusCode.ERROR)
    span.end()
