"""`/v1/jobs`: hand in a request, or a batch of them, and fetch the result later."""

from __future__ import annotations

from typing import Annotated, Any

import httpx
from fastapi import APIRouter, Header, HTTPException, Path, Query, Request, Response
from pydantic import ConfigDict, Field

from epitome.desk.jobs import Job, Jobs
from epitome.desk.webhooks import Webhooks
from epitome.documents.fetch import checked_addresses
from epitome.errors import UsageError
from epitome.serve.asked import SummaryAsked, one_of
from epitome.serve.guard import spend
from epitome.serve.opened import checked
from epitome.serve.room import BusyError

router = APIRouter()
MOST_DOCUMENTS = 10_000
"""Documents that the unfinished jobs of a key may have left."""
MOST_CHARACTERS = 2**30
"""Characters of all these jobs, with their finished documents."""
Identity = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]
Before = Annotated[str | None, Query(pattern="^[0-9a-f]{32}$")]
Limit = Annotated[int, Query(ge=1, le=200)]
MISSING: dict[int | str, dict[str, Any]] = {404: {"description": "This key has nothing of that id."}}


class JobAsked(SummaryAsked):
    """The body of `POST /v1/jobs`: what `/v1/summaries` takes, or `documents`, each of which is that."""

    model_config = ConfigDict(json_schema_extra=one_of("text", "url", "document", "documents"))

    documents: Annotated[list[SummaryAsked], Field(min_length=1, max_length=1000)] | None = None
    webhook: Annotated[str, Field(max_length=2000)] | None = None
    """Told when the job has ended."""

    def each(self) -> list[SummaryAsked]:
        """The requests. Raises `UsageError` for fields beside `documents`, and for what no request may have."""
        if self.documents is None:
            return [_sound(self, "")]
        if beside := sorted(self.model_fields_set - {"documents", "webhook"}):
            raise UsageError(f"{beside[0]}: it goes into each of the documents")
        return [_sound(one, f"documents.{number}: ") for number, one in enumerate(self.documents)]


def _sound(asked: SummaryAsked, where: str) -> SummaryAsked:
    try:
        checked(asked)
        asked.request()
        if asked.stream:
            raise UsageError("stream: a job does not stream")
        if asked.timeout is not None:
            raise UsageError("timeout: a job may take as long as it takes; DELETE ends it")
    except UsageError as error:
        raise UsageError(f"{where}{error.message}", hint=error.hint) from None
    return asked


@router.post(
    "/jobs",
    status_code=202,
    response_model=None,
    responses={
        200: {"description": "The job that this Idempotency-Key stands for already."},
        409: {"description": "This Idempotency-Key stands for another job."},
    },
)
def submit(
    asked: JobAsked,
    request: Request,
    response: Response,
    idempotency_key: Annotated[str | None, Header(min_length=1, max_length=200, pattern="^[ -~]+$")] = None,
) -> dict[str, Any]:
    """Hand in a job. It is done as soon as there is room beside the requests that wait for their answer."""
    jobs: Jobs = request.app.state.jobs
    owner = request.state.key
    texts = [
        one.model_dump_json(exclude_unset=True, exclude={"documents", "webhook"}) for one in asked.each()
    ]
    _room(jobs, owner, texts)
    if asked.webhook is not None:
        _address(asked.webhook, request.app.state.private_webhooks)
    spend(request.app.state.keys, request.state.bearer, len(texts) - 1)  # the first was counted at the door
    batch = asked.documents is not None
    try:
        job, new = jobs.submit(owner, texts, batch=batch, webhook=asked.webhook, idempotency=idempotency_key)
    except UsageError as error:
        raise HTTPException(409, str(error)) from None
    if new:
        request.app.state.worker.wake()
    response.status_code = 202 if new else 200
    response.headers["Location"] = f"/v1/jobs/{job.id}"
    return _answer(job, request)


def _room(jobs: Jobs, owner: str, texts: list[str]) -> None:
    documents, characters = jobs.under_way(owner)
    if (
        documents + len(texts) > MOST_DOCUMENTS
        or characters + sum(len(text) for text in texts) > MOST_CHARACTERS
    ):
        raise BusyError(f"{documents} documents of this key are waiting", hint="try again when some are done")


def _address(url: str, allow_private: bool) -> None:
    """Refuse at once where it could never be delivered; every delivery looks again."""
    try:
        target = httpx.URL(url)
    except httpx.InvalidURL:
        target = httpx.URL("")
    port = target.port if target.port is not None else 443 if target.scheme == "https" else 80
    if target.scheme not in ("http", "https") or not target.host or not 0 < port < 2**16:
        raise UsageError("webhook: an http or https address")
    checked_addresses(target.host, port, "webhook", allow_private)


@router.get("/jobs", response_model=None)
def listed(request: Request, limit: Limit = 50, before: Before = None) -> dict[str, Any]:
    """The key's jobs, the newest first; `before` an id, for the next page."""
    jobs: Jobs = request.app.state.jobs
    return {"jobs": [told(job) for job in jobs.all(request.state.key, limit=limit, before=before)]}


@router.get("/jobs/{identity}", response_model=None, responses=MISSING)
def one(identity: Identity, request: Request) -> dict[str, Any]:
    """How far a job is; once it has ended, its result, or the results of a batch in the order of its documents."""
    jobs: Jobs = request.app.state.jobs
    return _answer(_there(jobs.find(identity, request.state.key)), request)


@router.delete("/jobs/{identity}", response_model=None, responses=MISSING)
def cancel(identity: Identity, request: Request) -> dict[str, Any]:
    """End a job now. What of a batch is finished stays; a job that has ended stays as it is."""
    jobs: Jobs = request.app.state.jobs
    return _answer(_there(jobs.cancel(identity, request.state.key)), request)


def _there(job: Job | None) -> Job:
    if job is None:
        raise HTTPException(404, "this key has no job of that id")
    return job


def told(job: Job) -> dict[str, Any]:
    """A job without its results: what lists and webhooks show."""
    progress = {"documents": job.documents, "done": job.done, "failed": job.failed}
    shown = {"id": job.id, "state": job.state, "batch": job.batch, "progress": progress}
    return shown | {"created": job.created, "started": job.started, "finished": job.finished}


def _answer(job: Job, request: Request) -> dict[str, Any]:
    jobs: Jobs = request.app.state.jobs
    webhooks: Webhooks = request.app.state.webhooks
    shown, hook = told(job), job.webhook
    if hook is not None:
        delivery = {"url": hook.url, "state": hook.state, "tries": hook.tries, "error": hook.error}
        shown["webhook"] = delivery | {"secret": webhooks.secret(job.owner)}
    # Results of a batch are long, and whoever asks how far it is asks often.
    outcomes = jobs.outcomes(job.id) if job.finished is not None else []
    results = [outcome.result for outcome in outcomes]
    if job.batch:
        return shown | {"results": results or None}
    return shown | {"result": results[0] if results else None}
