"""A summariser that runs elsewhere: the service of `epitome serve`, used like a `Summarizer`. Needs httpx alone.

Documents are read here and their text is sent, so that offsets, pages and paragraphs are those of the caller's.
"""

from __future__ import annotations

import json
import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from threading import Event
from typing import TYPE_CHECKING, Any

from epitome.documents import from_text
from epitome.errors import EngineError, EpitomeError, SourceError, UsageError
from epitome.summarize.opened import Opened, Text, opened
from epitome.summarize.summarizer import Stream, requested
from epitome.trust.check import Verdict
from epitome.types import Document, Fact, Length, Request, Sentence, SourceSpan, Step, Summary, Unmet

if TYPE_CHECKING:
    import httpx

KEY = "EPITOME_KEY"
PARALLEL = 24
"""Documents under way at once: as many as a service works on at most, by itself (`service.PARALLEL`)."""
PATIENCE = 60.0
"""Seconds spent on being told to come again later, before that is an error."""
_KNOWN: dict[int, type[EpitomeError]] = {400: UsageError, 401: UsageError, 413: SourceError, 422: SourceError}


class Client:
    """A service of Epitome.

    >>> with Client("http://127.0.0.1:8000", key) as service:  # doctest: +SKIP
    ...     print(service(text, style="bullets"))

    Args:
        url: where the service is, with or without `/v1`.
        key: an API key; by default the environment's `EPITOME_KEY`.
        timeout: seconds that one summary may take.

    Raises:
        UsageError: there is no key, or the service does not know it.
        EngineError: nothing answers there, or not like this service.
    """

    def __init__(self, url: str, key: str | None = None, *, timeout: float = 600.0) -> None:
        import httpx

        secret = key or os.environ.get(KEY, "")
        if not secret:
            raise UsageError(f"{url} wants a key", hint=f"set {KEY} to one that `epitome keys make` made")
        self._url = url.rstrip("/").removesuffix("/v1")
        try:
            self._client = httpx.Client(
                base_url=f"{self._url}/v1", headers={"Authorization": f"Bearer {secret}"},
                timeout=httpx.Timeout(timeout, connect=10.0),
            )  # fmt: skip
            self.identity = self._models()
        except (httpx.InvalidURL, UnicodeError) as error:
            raise UsageError(f"{url}: {error}", hint="an address such as http://127.0.0.1:8000") from error
        except BaseException:
            self.close()
            raise

    def _models(self) -> str:
        """What the service runs: two services with the same models write the same."""
        served = self._answered("GET", "/models").get("data")
        if not isinstance(served, list):
            raise EngineError(f"{self._url} does not answer like a service of Epitome")
        return json.dumps(sorted(str(one.get("id")) for one in served))

    def __call__(self, source: Text, request: Request | None = None, **fields: Any) -> Summary:
        """The summary of a text or a document; `fields` are those of `Request`."""
        return self._of(source, requested(request, fields))

    def batch(
        self,
        sources: Iterable[Text],
        request: Request | None = None,
        *,
        on_progress: Callable[[int, int], None] | None = None,
        **fields: Any,
    ) -> Iterator[Summary | EpitomeError]:
        """One summary a source, in order; a source that fails gives its error instead."""
        asked = requested(request, fields)
        for done, (_, result) in enumerate(self.as_finished(sources, asked), 1):
            if on_progress is not None:
                on_progress(done, done)
            yield result

    def as_finished(
        self,
        sources: Iterable[Text],
        request: Request,
        *,
        cancel: Event | None = None,
    ) -> Iterator[tuple[int, Summary | EpitomeError]]:
        """Each with its number, several under way at once; no more are read than are sent soon."""
        _body(request)  # what it refuses, it refuses of all
        running: deque[tuple[int, Future[Summary]]] = deque()
        with ThreadPoolExecutor(PARALLEL) as threads:
            try:
                for number, source in enumerate(sources):
                    if cancel is not None and cancel.is_set():
                        break
                    running.append((number, threads.submit(self._of, source, request)))
                    while len(running) > PARALLEL:
                        yield _outcome(*running.popleft())
                while running:
                    yield _outcome(*running.popleft())
            finally:
                for _, future in running:
                    future.cancel()

    def stream(self, source: Text, request: Request | None = None, **fields: Any) -> Stream:
        """Pieces of the summary as they are written."""
        return Stream(self._pieces(opened(source, requested(request, fields))))

    def check(self, summary: str, source: str | Document) -> Verdict:
        """Whether a summary, whoever wrote it, is true to its source."""
        document = _document(source)
        found = self._answered("POST", "/checks", {"summary": summary, **_sent(document)})
        return Verdict(tuple(_sentence(one, document) for one in found["sentences"]))

    def _of(self, source: Text, request: Request) -> Summary:
        # What is to be masked is masked here: the service never has it.
        seen = opened(source, request)
        body = _body(seen.request) | _sent(seen.document)
        return seen.shown(_summary(self._answered("POST", "/summaries", body), seen.document))

    def _pieces(self, seen: Opened) -> Iterator[str | Summary]:
        body = _body(seen.request) | _sent(seen.document) | {"stream": True}
        with self._reached(), self._client.stream("POST", "/summaries", json=body) as answer:
            if answer.status_code != 200:
                answer.read()
                raise self._refusal(answer)
            name = ""
            for line in answer.iter_lines():
                kind, _, value = line.partition(": ")
                if kind == "event":
                    name = value
                elif kind == "data":
                    data = json.loads(value)
                    if name == "error":
                        raise EngineError(str(data["error"]["message"]))
                    if name == "piece":
                        yield seen.said(data["text"])
                    else:
                        yield seen.shown(_summary(data, seen.document))

    def _answered(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """The answer's object; a service that is busy is asked again when it says."""
        until = time.monotonic() + PATIENCE
        while True:
            with self._reached():
                answer = self._client.request(method, path, json=body)
            wait = float(answer.headers.get("retry-after", 1)) if answer.status_code in (429, 503) else 0.0
            if not wait or time.monotonic() + wait > until:
                break
            time.sleep(wait)
        if answer.status_code != 200:
            raise self._refusal(answer)
        try:
            found: dict[str, Any] = answer.json()
        except ValueError as error:
            raise EngineError(f"{self._url} does not answer like a service of Epitome") from error
        return found

    @contextmanager
    def _reached(self) -> Iterator[None]:
        import httpx

        try:
            yield
        except httpx.TimeoutException as error:
            raise EngineError(f"{self._url} took too long", hint="ask for less, or wait longer") from error
        except httpx.HTTPError as error:
            raise EngineError(f"{self._url} cannot be reached ({error})", hint="does it run?") from error

    def _refusal(self, answer: httpx.Response) -> EpitomeError:
        try:
            told = str(answer.json()["error"]["message"])
        except (ValueError, KeyError, TypeError):
            told = f"it answered {answer.status_code}"
        return _KNOWN.get(answer.status_code, EngineError)(f"{self._url}: {told}")

    def close(self) -> None:
        """Close the connections."""
        if hasattr(self, "_client"):
            self._client.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _document(source: str | Document) -> Document:
    return from_text(source) if isinstance(source, str) else source


def _sent(document: Document) -> dict[str, str]:
    return {"text": document.text, "title": document.title[:1000]}


def _body(request: Request) -> dict[str, Any]:
    """The request's fields as JSON. Raises `UsageError` for what is not asked over HTTP."""
    if request.context_aware:
        raise UsageError("context-aware decoding is not asked of a service")
    bounds = {"words": _bounds(request.words), "sentences": _bounds(request.sentences)}
    names = (
        "style", "focus", "mention", "glossary", "language", "candidates", "seed", "adapter", "read_all", "repair",
        "min_support",
    )  # fmt: skip
    return {name: getattr(request, name) for name in names} | bounds


def _bounds(length: Length | None) -> str | None:
    if length is None or length.most is None:
        return None
    return f"{length.least or 1}-{length.most}"


def _outcome(number: int, future: Future[Summary]) -> tuple[int, Summary | EpitomeError]:
    try:
        return number, future.result()
    except EpitomeError as error:
        return number, error


def _summary(data: dict[str, Any], document: Document) -> Summary:
    """A summary as it was sent; what a newer service adds is passed over."""
    known = {name: value for name, value in data.items() if name in Summary.__slots__}
    known["sentences"] = [_sentence(one, document) for one in data["sentences"]]
    known["unmet"] = [Unmet(**one) for one in data["unmet"]]
    known["steps"] = [Step(**one) for one in data["steps"]]
    return replace(Summary(**known), source=document.source, title=document.title)


def _sentence(data: dict[str, Any], document: Document) -> Sentence:
    sources = tuple(_span(one["start"], one["end"], document) for one in data["sources"])
    facts = tuple(Fact(**fact) for fact in data["facts"])
    return Sentence(data["text"], data["support"], sources, facts, data["supported"])


def _span(start: int, end: int, document: Document) -> SourceSpan:
    origin = document.origin(start)
    return SourceSpan(
        start, end, document.text[start:end], origin.page if origin else None, origin.paragraph if origin else None
    )  # fmt: skip
