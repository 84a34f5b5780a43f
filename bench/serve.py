"""The service under load: as fast as the same work offline, prompt, steady, and beside llama.cpp's own server.

    python bench/serve.py [--only load|burst|memory]

Three parts. Load: 32 clients ask for summaries of made-up reports, each its next when its last is there; `Summarizer.batch`
has the same reports offline, llama.cpp's server the same prompts, in turns. Burst: more clients than fit. Memory: 2,000
short requests, answers of 4 tokens. A row is on disk as soon as it is measured. Takes an hour on two cores; run it with
the Python that has every extra, on a machine that does nothing else.
"""

from __future__ import annotations

import argparse
import asyncio
import secrets
import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from epitome.engines.machine import cores
from epitome.errors import EpitomeError
from epitome.models.model import Model
from epitome.models.resolve import resolve
from epitome.models.weights import prepared
from harness import machine
from harness.process import ProcessError, Worker
from harness.report import Report, median
from serving.clients import Load, load
from serving.histogram import Histogram
from serving.started import Ours, Started
from serving.texts import article
from speed.systems import NEW_TOKENS, WARM_UP, rendered, rotated

ROOT = Path(__file__).resolve().parent.parent
PARTS = ("load", "burst", "memory")
NEEDED = ("xllamacpp", "fastapi", "uvicorn", "httpx")
NAMED = ("epitome", *NEEDED, "openvino-genai", "h11", "starlette")
OFFLINE, SERVICE, PEER = "Summarizer.batch", "epitome serve", "llama.cpp's server"
START = "epitome_start_seconds"
SHORT = 1
"""Sentences of a text that is given back as it is, because the model writes no whole sentence in 4 tokens."""
ASIDE = 1_000_000
"""Reports from this number on are not measured: systems are warmed up and tuned on them."""


class Bench:
    """What all parts share."""

    def __init__(self, asked: argparse.Namespace) -> None:
        self.asked, self.report = asked, Report(asked.out, "The service under load")
        self.model: Model = resolve(asked.model)
        self.options = ["--engine", asked.engine, "--model", asked.model]
        if asked.parallel:
            self.options += ["--parallel", str(asked.parallel)]

    def ours(self, name: str, *options: str, capped: bool = False) -> Ours:
        """Our server, with a fresh database."""
        folder: Path = self.asked.work / f"{name}-{secrets.token_hex(4)}"
        given = ["--model", self.asked.model] if capped else self.options
        return Ours(folder, [*given, *options], capped=capped)

    def peer(self, slots: int) -> Started:
        """llama.cpp's server with so many slots, each as large as our prompts need."""
        file = str(prepared(self.model))
        said = ["-m", "serving.llama_server", file, str(slots), "2048", str(cores()), self.asked.key]
        return Started(said, self.asked.work / f"llama-{slots}.log")

    def prompted(self, text: str) -> dict[str, Any]:
        """Our prompt, as llama.cpp's server takes it."""
        return {"prompt": rendered(self.model, text), "max_tokens": NEW_TOKENS, "temperature": 0.0}


def wanted(text: str) -> dict[str, Any]:
    """What our service is asked."""
    return {"text": text, "style": "sentence"}


def ask_ours(server: Ours, texts: Sequence[str], clients: int) -> Load:
    return asyncio.run(
        load(f"{server.address}/v1/summaries", server.headers, [wanted(text) for text in texts], clients)
    )


def ask_peer(bench: Bench, server: Started, texts: Sequence[str]) -> Load:
    headers = {"Authorization": f"Bearer {bench.asked.key}"}
    bodies = [bench.prompted(text) for text in texts]
    return asyncio.run(load(f"{server.address}/v1/completions", headers, bodies, bench.asked.clients))


def under_load(bench: Bench) -> None:
    """The three systems in turns over the same reports."""
    asked, report = bench.asked, bench.report
    report.section(f"Load: {asked.clients} clients, {asked.documents} reports a round, {asked.rounds} rounds")
    slots = tuned(bench)
    offline = {"model": asked.model, "engine": asked.engine, "work": asked.documents}
    with ExitStack() as stack:
        worker = stack.enter_context(Worker("epitome", offline, asked.work / "offline.log"))
        server = stack.enter_context(bench.ours("load", "--cache", "0", "--timeout", "3600"))
        peer = stack.enter_context(bench.peer(slots))
        worker.ask([WARM_UP], [])
        ask_ours(server, [article(ASIDE + number) for number in range(4)], 4)
        before = starts(server)
        seconds: dict[str, list[float]] = {OFFLINE: [], SERVICE: [], PEER: []}
        statuses: Counter[str] = Counter()
        latencies: list[float] = []
        report.table("system, in the order of the turns", "round", "s", "documents/s", "new tokens/document")
        for at in range(asked.rounds):
            texts = [article(at * asked.documents + number) for number in range(asked.documents)]
            for name in rotated((OFFLINE, SERVICE, PEER), at):
                if name == OFFLINE:
                    done = worker.ask(texts, [])
                    taken, new = done.seconds, done.generated_tokens
                else:
                    found = (
                        ask_ours(server, texts, asked.clients)
                        if name == SERVICE
                        else ask_peer(bench, peer, texts)
                    )
                    taken, new = found.seconds, written(found)
                    if name == SERVICE:
                        statuses += found.statuses
                        latencies += found.latencies
                    elif set(found.statuses) != {"200"}:
                        raise ProcessError(f"{PEER}: {dict(found.statuses)}")
                seconds[name].append(taken)
                report.row(name, at + 1, taken, len(texts) / taken, new / len(texts))
        report.gap()
        started = {late: now.since(before[late]) for late, now in starts(server).items()}
    load_summary(bench, seconds, statuses, latencies)
    start_summary(report, started)


def written(found: Load) -> int:
    """Tokens generated, as either server tells them."""
    each = (
        answer.get("usage", {}).get("completion_tokens", answer.get("generated_tokens", 0))
        for answer in found.answers.values()
    )
    return sum(each)


def tuned(bench: Bench) -> int:
    """The number of slots with which llama.cpp's server is fastest here."""
    texts = [article(ASIDE + 100 + number) for number in range(bench.asked.tune)]
    taken: dict[int, float] = {}
    bench.report.table(f"{PEER}, tried", "s", "documents/s")
    for slots in (1, 4, 8):
        with bench.peer(slots) as server:
            taken[slots] = ask_peer(bench, server, texts).seconds
        bench.report.row(f"{slots} slots", taken[slots], len(texts) / taken[slots])
    bench.report.gap()
    return min(taken, key=lambda slots: taken[slots])


def load_summary(
    bench: Bench, seconds: dict[str, list[float]], statuses: Counter[str], latencies: list[float]
) -> None:
    report = bench.report
    report.line(f"statuses of {SERVICE}: {', '.join(f'{name} {count}' for name, count in statuses.items())}")
    ordered = sorted(latencies)
    report.line(
        f"seconds to an answer: median {median(ordered):.2f}, 99 of 100 within {ordered[int(len(ordered) * 0.99)]:.2f}"
    )
    report.bar(
        "documents/s of the service against offline", sum(seconds[OFFLINE]) / sum(seconds[SERVICE]), 0.9
    )
    report.bar(
        "documents/s of the service against llama.cpp's server",
        sum(seconds[PEER]) / sum(seconds[SERVICE]),
        1.0,
    )
    report.bar("share of answers with status 200", statuses["200"] / max(1, statuses.total()), 1.0)


def starts(server: Ours) -> dict[str, Histogram]:
    """Seconds to the start of documents that had waited for a place (`yes`), and of the others."""
    said = server.metrics()
    return {late: Histogram(said, START, f',waited="{late}"') for late in ("yes", "no")}


def start_summary(report: Report, started: dict[str, Histogram]) -> None:
    for late, what in (
        ("yes", "from a free place to the start of the next that waits"),
        ("no", "from a request that finds a place to its start"),
    ):
        one = started[late]
        report.line(
            f"{what} ({one.count} starts): half within {1000 * one.quantile(0.5):g} ms, "
            f"99 of 100 within {1000 * one.quantile(0.99):g} ms"
        )
    report.bar(
        "share of waiting documents that start within 50 ms of a free place", started["yes"].below(0.05), 0.99
    )


def burst(bench: Bench) -> None:
    """More at once than fits: what is not taken is refused with 429, and nothing fails."""
    clients, report = bench.asked.burst, bench.report
    report.section(f"Burst: {clients} clients at once, answers of 4 tokens")
    with bench.ours("burst", "--cache", "0", "--timeout", "3600", capped=True) as server:
        found = ask_ours(server, [article(number, SHORT) for number in range(2 * clients)], clients)
        after = ask_ours(server, [article(ASIDE, SHORT)], 1)
    report.line(", ".join(f"{status}: {count}" for status, count in sorted(found.statuses.items())))
    expected = sum(found.statuses[status] for status in ("200", "429", "503"))
    report.bar("share answered with 200, 429 or 503", expected / found.statuses.total(), 1.0)
    report.bar("answered afterwards", after.statuses["200"], 1)


def memory(bench: Bench) -> None:
    """The server's memory over many requests."""
    asked, report = bench.asked, bench.report
    report.section(f"Memory: {asked.requests} requests, answers of 4 tokens")
    # A small cache is full soon, so that what it takes is no growth.
    portion = max(1, asked.requests // 10)
    report.table("requests", "MiB", "s", "not 200")
    held: list[float] = []
    with bench.ours("memory", "--cache", "1", capped=True) as server:
        for at in range(0, asked.requests, portion):
            texts = [article(number, SHORT) for number in range(at, at + portion)]
            found = ask_ours(server, texts, asked.clients)
            held.append(server.resident / 2**20)
            report.row(at + portion, held[-1], found.seconds, found.statuses.total() - found.statuses["200"])
    report.gap()
    early, late = median(held[len(held) // 5 : len(held) // 2]), median(held[-3:])
    report.line(f"from {early:.0f} MiB (second to fifth tenth) to {late:.0f} MiB (last three tenths)")
    report.bar("early over late memory", early / late, 0.97)


def arguments(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", choices=PARTS, help="one of the three parts, into a file of its own")
    parser.add_argument("--model", default="default", help="a GGUF model, as epitome names it")
    parser.add_argument("--engine", default="auto")
    parser.add_argument("--parallel", type=int, metavar="N", help="what `epitome serve --parallel` takes")
    parser.add_argument("--clients", type=int, default=32, metavar="N")
    parser.add_argument("--documents", type=int, default=128, metavar="N", help="reports a round")
    parser.add_argument("--rounds", type=int, default=3, metavar="N")
    parser.add_argument(
        "--tune", type=int, default=32, metavar="N", help="reports to tune llama.cpp's server on"
    )
    parser.add_argument("--burst", type=int, default=200, metavar="N", help="clients of the burst")
    parser.add_argument(
        "--requests", type=int, default=2000, metavar="N", help="requests of the part on memory"
    )
    parser.add_argument("--out", type=Path, metavar="FILE", help="default: bench/results/serve.md")
    parser.add_argument("--work", type=Path, default=ROOT / "runs" / "bench", metavar="FOLDER")
    asked = parser.parse_args(given)
    name = f"serve-{asked.only}.md" if asked.only else "serve.md"
    asked.out = asked.out or ROOT / "bench" / "results" / name
    asked.work = asked.work.resolve()
    asked.work.mkdir(parents=True, exist_ok=True)
    asked.key = secrets.token_urlsafe(16)
    return asked


def main(given: Sequence[str] | None = None) -> None:
    asked = arguments(given)
    machine.require(NEEDED)
    bench = Bench(asked)
    for fact in machine.facts(NAMED, ROOT):
        bench.report.line(fact)
    parts = {"load": under_load, "burst": burst, "memory": memory}
    for name in (asked.only,) if asked.only else PARTS:
        parts[name](bench)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
    except (EpitomeError, ProcessError) as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(3)
