"""OpenTelemetry: a request's span and those of its stages, sent where the standard variables say."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from epitome.errors import EngineError
from epitome.serve import traces
from epitome.serve.traces import Tracing

from .conftest import Opened, served

TEXT = "The moonlit heron waited by the sluice. Nobody in Aldermere saw it leave before the rain."


def test_a_summary_leaves_a_span_for_each_stage_under_that_of_the_request(opened: Opened) -> None:
    exporter = InMemorySpanExporter()
    tracing = Tracing(exporter)
    client = opened("default", tracing=tracing)
    caller = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    answer = client.post("/v1/summaries", json={"text": TEXT}, headers={"traceparent": caller})
    assert answer.status_code == 200
    tracing.close()
    *stages, request = exporter.get_finished_spans()
    assert request.name == "POST /v1/summaries"
    assert request.attributes is not None
    assert request.attributes["http.response.status_code"] == 200
    assert format(request.context.trace_id, "032x") in caller
    assert format(request.parent.span_id, "016x") in caller  # type: ignore[union-attr]
    names = [span.name for span in stages]
    assert names[:4] == ["read", "queue", "plan", "generate"]
    assert names[-1] == "check"
    assert {span.parent.span_id for span in stages if span.parent} == {request.context.span_id}
    generation = next(span for span in stages if span.name == "generate")
    assert generation.attributes is not None
    assert generation.attributes["gen_ai.usage.input_tokens"] == answer.json()["prompt_tokens"]
    told = repr([(span.name, dict(span.attributes or {}), span.events) for span in (*stages, request)])
    assert "heron" not in told


def test_an_error_is_marked_where_it_happened(opened: Opened) -> None:
    exporter = InMemorySpanExporter()
    tracing = Tracing(exporter)
    client = opened(tracing=tracing)
    assert client.post("/v1/summaries", json={"url": "http://127.0.0.1:1/heron"}).status_code == 422
    tracing.close()
    read, request = exporter.get_finished_spans()
    assert (read.name, read.status.is_ok) == ("read", False)
    assert read.attributes == {"error.type": "SourceError"}
    assert request.status.is_unset  # the caller's error is none of the server


@pytest.fixture
def collector() -> Iterator[tuple[str, list[ExportTraceServiceRequest]]]:
    """An OTLP collector on the loopback: its address, and what it was sent."""
    received: list[ExportTraceServiceRequest] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.append(ExportTraceServiceRequest.FromString(body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Collector)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", received
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_collector_is_sent_what_there_was_when_the_service_ends(
    tmp_path_factory: pytest.TempPathFactory,
    collector: tuple[str, list[ExportTraceServiceRequest]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    address, received = collector
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", address)
    assert traces.wanted()
    with served(tmp_path_factory.mktemp("desk"), tracing=Tracing()) as client:
        client.get("/v1/models")
    (resource,) = received[0].resource_spans
    named = {pair.key: pair.value.string_value for pair in resource.resource.attributes}
    assert named["service.name"] == "epitome"
    assert [span.name for span in resource.scope_spans[0].spans] == ["GET /v1/models"]


@pytest.mark.parametrize(
    ("environment", "wanted"),
    [
        ({}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://collector:4318/v1/traces"}, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318", "OTEL_SDK_DISABLED": "true"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318", "OTEL_TRACES_EXPORTER": "none"}, False),
    ],
)
def test_traces_are_off_unless_the_variables_ask_for_them(environment: dict[str, str], wanted: bool) -> None:
    assert traces.wanted(environment) == wanted


def test_traces_that_are_asked_for_and_not_installed_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with pytest.raises(EngineError, match=r"epitome\[trace\]"):
        Tracing()
