"""The queue, on both databases: none lost, none done twice."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select, text, update

from epitome.desk import tables
from epitome.desk.database import Database
from epitome.desk.jobs import KEEP, Job, Jobs
from epitome.desk.queue import ATTEMPTS, LostError, Queue, Taken
from epitome.errors import UsageError

LITERAL = {"literal_binds": True}
SUMMARY = {"text": "A ferry left."}


@pytest.fixture
def jobs(database: Database) -> Jobs:
    return Jobs(database)


@pytest.fixture
def workers(database: Database) -> Queue:
    """Whose leases end before the next statement."""
    return Queue(database, lease=-1.0)


@pytest.fixture
def patient(database: Database) -> Queue:
    return Queue(database)


def batch(jobs: Jobs, *asked: str, owner: str = "ann") -> Job:
    return jobs.submit(owner, asked, batch=True)[0]


def taken(queue: Queue) -> Taken:
    found = queue.claim()
    assert found is not None
    return found


def test_a_job_from_its_beginning_to_its_end(jobs: Jobs, patient: Queue) -> None:
    job = batch(jobs, "one", "two", "three")
    assert (job.state, job.documents, job.started, job.finished) == ("queued", 3, None, None)
    assert jobs.under_way("ann")[0] == jobs.waiting() == 3
    first = taken(patient)
    assert (first.asked, first.attempt, first.owner) == ("one", 1, "ann")
    found = jobs.find(job.id, "ann")
    assert found is not None
    assert found.state == "running"
    assert found.started is not None
    patient.finish(first, SUMMARY)
    patient.fail(taken(patient), "unreadable_document", "it is empty")
    assert jobs.under_way("ann")[0] == 1
    patient.finish(taken(patient), SUMMARY)
    ended = jobs.find(job.id, "ann")
    assert ended is not None
    assert (ended.state, ended.done, ended.failed) == ("done", 2, 1)
    assert ended.finished is not None
    outcomes = jobs.outcomes(job.id)
    assert [outcome.state for outcome in outcomes] == ["done", "failed", "done"]
    assert outcomes[0].result == {"summary": SUMMARY}
    assert outcomes[1].result == {"error": {"type": "unreadable_document", "message": "it is empty"}}
    assert jobs.under_way("ann") == (0, 0)
    assert patient.claim() is None


def test_a_job_without_one_summary_has_failed(jobs: Jobs, patient: Queue) -> None:
    job = batch(jobs, "one")
    patient.fail(taken(patient), "x", "y")
    found = jobs.find(job.id, "ann")
    assert found is not None
    assert found.state == "failed"


def test_many_workers_take_each_document_once(jobs: Jobs, patient: Queue) -> None:
    asked = [str(number) for number in range(40)]
    job = batch(jobs, *asked)

    def work(_: int) -> list[str]:
        seen = []
        while (document := patient.claim()) is not None:
            patient.finish(document, SUMMARY)
            seen.append(document.asked)
        return seen

    with ThreadPoolExecutor(8) as threads:
        seen = [text for texts in threads.map(work, range(8)) for text in texts]
    assert sorted(seen) == sorted(asked)
    ended = jobs.find(job.id, "ann")
    assert ended is not None
    assert (ended.state, ended.done) == ("done", 40)  # also where the last two end at once


def test_a_lease_that_has_ended_makes_the_document_free_and_its_late_result_refused(
    jobs: Jobs, workers: Queue, patient: Queue
) -> None:
    job = batch(jobs, "one")
    killed = taken(workers)
    again = taken(patient)
    assert (again.asked, again.attempt) == ("one", 2)
    for late in (lambda: workers.finish(killed, SUMMARY), lambda: workers.fail(killed, "x", "y")):
        with pytest.raises(LostError):
            late()
    workers.release(killed)  # nothing of it is his any more
    assert patient.claim() is None
    patient.finish(again, SUMMARY)
    with pytest.raises(LostError):
        patient.finish(again, SUMMARY)
    assert [outcome.state for outcome in jobs.outcomes(job.id)] == ["done"]


def test_a_lease_that_is_renewed_holds(jobs: Jobs, workers: Queue, patient: Queue) -> None:
    batch(jobs, "one", "two")
    first, second = taken(workers), None
    assert patient.renew([first.token, "0" * 32]) == {first.token}
    second = taken(patient)
    assert second.asked == "two"
    assert patient.claim() is None
    assert patient.renew([]) == set()
    # Whoever was away for longer than the lease, and nobody took it meanwhile, has it still.
    assert workers.renew([first.token]) == {first.token}
    workers.finish(first, SUMMARY)


def test_what_is_given_back_counts_as_no_attempt(jobs: Jobs, patient: Queue) -> None:
    batch(jobs, "one")
    for _ in range(ATTEMPTS + 1):
        document = taken(patient)
        assert document.attempt == 1
        patient.release(document)
    patient.release(taken(patient), wait=60)
    assert patient.claim() is None


def test_a_document_that_kills_its_workers_is_given_up(jobs: Jobs, workers: Queue) -> None:
    job = batch(jobs, "poison", "harmless")
    for attempt in range(ATTEMPTS):
        assert (taken(workers).asked, attempt) == ("poison", attempt)
    assert taken(workers).asked == "harmless"
    outcome = jobs.outcomes(job.id)[0]
    assert outcome.state == "failed"
    assert outcome.result is not None
    assert "the server died" in outcome.result["error"]["message"]


def test_cancelling_keeps_what_is_finished(jobs: Jobs, patient: Queue) -> None:
    job = batch(jobs, "one", "two", "three")
    patient.finish(taken(patient), SUMMARY)
    running = taken(patient)
    assert jobs.cancel(job.id, "bob") is None
    ended = jobs.cancel(job.id, "ann")
    assert ended is not None
    assert (ended.state, ended.done) == ("cancelled", 1)
    assert [outcome.state for outcome in jobs.outcomes(job.id)] == ["done", "cancelled", "cancelled"]
    assert patient.renew([running.token]) == set()
    with pytest.raises(LostError):
        patient.finish(running, SUMMARY)
    assert patient.claim() is None
    assert jobs.cancel(job.id, "ann") == ended


def test_cancelling_while_workers_finish_locks_nobody_out(jobs: Jobs, patient: Queue) -> None:
    for _ in range(5):
        job = batch(jobs, *map(str, range(12)))
        held = [taken(patient) for _ in range(12)]

        def end(document: Taken) -> bool:
            try:
                patient.finish(document, SUMMARY)
            except LostError:
                return False
            return True

        with ThreadPoolExecutor(8) as threads:
            renewing = [
                threads.submit(patient.renew, [one.token for one in held[:: (-1) ** at]]) for at in (0, 1)
            ]
            cancelling = threads.submit(jobs.cancel, job.id, "ann")
            kept = sum(threads.map(end, held))
            ended = cancelling.result()
            for one in renewing:
                one.result()
        found = jobs.find(job.id, "ann")
        assert ended is not None
        assert found is not None
        assert found.done == kept
        assert found.state == ("done" if kept == 12 else "cancelled")


def test_a_key_sees_its_own_jobs(jobs: Jobs) -> None:
    mine = [batch(jobs, str(number)) for number in range(5)]
    batch(jobs, "x", owner="bob")
    assert jobs.find(mine[0].id, "bob") is None
    assert jobs.all("ann") == mine[::-1]
    page = jobs.all("ann", limit=2)
    assert page == [mine[4], mine[3]]
    assert jobs.all("ann", limit=2, before=page[-1].id) == [mine[2], mine[1]]
    assert jobs.all("ann", before=mine[0].id) == jobs.all("ann", before="nothing") == []


def test_the_same_idempotency_key_is_the_same_job(jobs: Jobs) -> None:
    first, new = jobs.submit("ann", ["one"], idempotency="a")
    assert new
    assert jobs.submit("ann", ["one"], idempotency="a") == (first, False)
    assert jobs.submit("bob", ["one"], idempotency="a")[1]
    assert jobs.submit("ann", ["one"], idempotency="b")[1]
    with pytest.raises(UsageError, match="another job"):
        jobs.submit("ann", ["two"], idempotency="a")
    with ThreadPoolExecutor(6) as threads:
        results = list(threads.map(lambda _: jobs.submit("ann", ["x"], idempotency="c"), range(6)))
    assert [new for _, new in results].count(True) == 1
    assert len({job.id for job, _ in results}) == 1


def test_a_large_batch_keeps_nobody_waiting(jobs: Jobs, patient: Queue) -> None:
    batch(jobs, *(f"large {number}" for number in range(20)))
    batch(jobs, "large again")
    batch(jobs, "small 0", "small 1", owner="bob")
    order = [taken(patient).asked for _ in range(5)]
    assert order == ["large 0", "small 0", "large 1", "small 1", "large 2"]


def test_the_next_document_is_found_without_reading_all(jobs: Jobs, database: Database) -> None:
    following = select(tables.documents.c.id).where(tables.OPEN).order_by(tables.documents.c.turn).limit(1)
    explain = "EXPLAIN QUERY PLAN" if database.engine.dialect.name == "sqlite" else "EXPLAIN"
    with database.reading() as connection:
        if explain == "EXPLAIN":
            connection.execute(
                text("SET enable_seqscan = off")
            )  # which is right for a table as small as this one
        plan = connection.execute(text(f"{explain} {following.compile(connection, compile_kwargs=LITERAL)}"))
        assert "documents_open" in str(plan.all())


def test_jobs_are_kept_for_a_week(jobs: Jobs, patient: Queue, database: Database) -> None:
    old, running = batch(jobs, "one"), batch(jobs, "two", "three")
    patient.finish(taken(patient), SUMMARY)
    assert jobs.purge() == 0
    with database.writing() as connection:
        connection.execute(
            update(tables.jobs).where(tables.jobs.c.id == old.id).values(finished=time.time() - KEEP - 9)
        )
    assert jobs.purge() == 1
    assert jobs.find(old.id, "ann") is None
    assert jobs.outcomes(old.id) == []
    assert jobs.find(running.id, "ann") is not None


def test_no_text_stays_in_the_queue_once_it_is_summarised(
    jobs: Jobs, patient: Queue, database: Database
) -> None:
    job = batch(jobs, "secret one", "secret two", "secret three")
    patient.finish(taken(patient), SUMMARY)
    patient.fail(taken(patient), "x", "y")
    jobs.cancel(job.id, "ann")
    with database.reading() as connection:
        assert "secret" not in str(connection.execute(tables.documents.select()).all())
