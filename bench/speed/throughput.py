"""Throughput: many documents, models loaded beforehand, the systems in turns."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

from epitome.engines.machine import cores
from harness.process import ProcessError, Worker
from harness.report import Report, median
from speed.systems import (
    ALONE,
    BFLOAT16,
    BINDINGS,
    FLOAT32,
    OURS,
    OURS_LLAMACPP,
    Bench,
    Measured,
    Row,
    System,
    ask,
    portions,
    rotated,
)

BATCHES = (8, 16, 20)
THREADS_TUNED_ON = 8
"""Documents on which the peer's settings for threads are compared."""
THROUGHPUT_BARS = {FLOAT32: 5.0, BFLOAT16: 1.5, BINDINGS: 3.0}


def throughput(bench: Bench) -> dict[str, Measured]:
    """Many documents, models loaded beforehand, the systems in turns."""
    asked, report = bench.asked, bench.report
    report.section(f"Throughput: {asked.documents} documents of SciTLDR dev in {asked.rounds} rounds")
    systems = [
        *(bench.system(name) for name in (OURS, OURS_LLAMACPP, ALONE, FLOAT32)),
        *tuned(bench),
    ]
    measured = {system.name: Measured() for system in systems}
    workers: dict[str, Worker] = {}
    try:
        with ExitStack() as stack:
            for system in systems:
                if worker := opened(bench, system):
                    workers[system.name] = stack.enter_context(worker)
            rounds(bench, workers, measured)
    finally:
        for name, worker in workers.items():
            measured[name].usage = worker.usage
        throughput_summary(report, measured)
    return measured


def opened(bench: Bench, system: System) -> Worker | None:
    """The system, or None and a line in the report that says why it does not run."""
    try:
        worker = bench.open(system)
    except ProcessError as error:
        bench.report.line(f"{system.name} **does not run**: {error}")
        return None
    bench.report.line(f"{system.name}: {worker.note}")
    return worker


def rounds(bench: Bench, workers: dict[str, Worker], measured: dict[str, Measured]) -> None:
    """All rounds; a system that breaks off is left out of the later ones."""
    bench.report.table(
        "system, in the order of the turns",
        "round",
        "documents",
        "s",
        "documents/s",
        "prompt tokens",
        "new tokens",
    )
    failures: list[str] = []
    for at, rows in enumerate(portions(bench.rows[: bench.asked.documents], bench.asked.rounds)):
        for name in rotated(list(workers), at):
            if any(failure.startswith(f"{name}:") for failure in failures):
                continue
            try:
                found = ask(workers[name], rows)
            except ProcessError as error:
                failures.append(f"{name}: {error}")
                continue
            measured[name].answers[at] = found
            speed = len(rows) / found.seconds
            bench.report.row(
                name, at + 1, len(rows), found.seconds, speed, found.prompt_tokens, found.generated_tokens
            )
    bench.report.gap()
    for failure in failures:
        bench.report.line(f"**broke off**: {failure}")


def tuned(bench: Bench) -> list[System]:
    """The peers at their best: the fastest settings on documents that are not measured."""
    size = -(-bench.asked.documents // bench.asked.rounds)
    spare = bench.rows[bench.asked.documents :] or bench.rows
    bench.report.table("settings tried", "documents", "s", "documents/s")
    transformers = fastest(bench, BFLOAT16, bfloat16_settings(size), spare[:size])
    threads = [{"threads": 0}, {"threads": cores()}]
    bindings = fastest(bench, BINDINGS, threads, spare[:THREADS_TUNED_ON])
    bench.report.gap()
    return [bench.system(BFLOAT16, **transformers), bench.system(BINDINGS, **bindings)]


def bfloat16_settings(size: int) -> list[dict[str, Any]]:
    """Every batch size that a round of `size` documents can fill, with both kinds of attention."""
    sizes = sorted({min(batch, size) for batch in BATCHES})
    return [
        {"attention": attention, "batch": batch, "threads": cores()}
        for attention in ("sdpa", "eager")
        for batch in sizes
    ]


def fastest(
    bench: Bench, name: str, settings: Sequence[dict[str, Any]], rows: Sequence[Row]
) -> dict[str, Any]:
    """The quickest of some settings; each in a fresh process, so that no peak of memory hides another."""
    taken: list[tuple[float, dict[str, Any]]] = []
    for options in settings:
        try:
            with bench.open(bench.system(name, **options)) as worker:
                found = ask(worker, rows)
        except ProcessError as error:
            bench.report.row(f"{name}: {options}: {error}", len(rows), "failed", "")
            continue
        bench.report.row(f"{name}: {worker.note}", len(rows), found.seconds, len(rows) / found.seconds)
        taken.append((found.seconds, options))
    return min(taken, key=lambda one: one[0])[1] if taken else settings[0]


def throughput_summary(report: Report, measured: dict[str, Measured]) -> None:
    """Documents a second and peak memory, beside ours as served and ours without its early stop."""
    ours, alone = measured[OURS], measured[ALONE]
    report.table(
        "all rounds",
        "documents/s",
        "new tokens/document",
        "peak MiB",
        "times ours",
        "median round",
        "times ours without early stop",
    )
    for name, one in measured.items():
        if not one.answers:
            continue
        count = len(one.texts)
        new = sum(answer.generated_tokens for answer in one.answers.values()) / count
        peak = one.usage.peak / 2**20 if one.usage else "?"
        against = [one.ratio(ours), median(one.ratios(ours))] if one.ratios(ours) else ["", ""]
        without = one.ratio(alone) if one.ratios(alone) else ""
        report.row(name, count / one.seconds, new, peak, *against, without)
    report.gap()
    for name, least in THROUGHPUT_BARS.items():
        if measured[name].ratios(ours):
            report.bar(f"documents/s of ours against {name}", measured[name].ratio(ours), least)
        else:
            report.line(f"not measured: ours against {name}")
