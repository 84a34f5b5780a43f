"""How fast a summary is there, and what the speed costs in quality, beside transformers and plain llama.cpp bindings.

    python bench/summarize.py --data FOLDER [--only cold|throughput|quality]

FOLDER holds `scitldr/dev.jsonl` with `document` and `summary` or `summaries`. Three parts, in one run: a cold start
on one article, throughput on many documents, ROUGE on the same. The systems take turns in each, because a shared
machine is never equally fast for long. A row is on disk as soon as it is measured. Takes half an hour on two cores;
run it with the Python that has every extra, on a machine that does nothing else.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from epitome.documents import sentences
from epitome.engines import calibrate
from epitome.engines.machine import cores
from epitome.errors import EpitomeError
from epitome.models import cache, gguf
from epitome.models.model import Model
from epitome.models.resolve import resolve
from epitome.models.template import render
from epitome.models.weights import prepared
from epitome.summarize.prompts import Asked, prompt
from harness import machine
from harness.process import PEERS, Answers, ProcessError, Usage, Worker, run
from harness.report import Report, median

ROOT = Path(__file__).resolve().parent.parent
PARTS = ("cold", "throughput", "quality")
NEEDED = ("torch", "transformers", "safetensors", "gguf", "xllamacpp")
NAMED = ("epitome", *NEEDED, "openvino", "openvino-genai", "tokenizers", "numpy")
NEW_TOKENS = 64
ARTICLE_WORDS = 400
BATCHES = (8, 16, 20)
SETTLE_SECONDS = 1.0
"""Between cold starts: what the last process left to the system to tidy up is not the next one's."""
THREADS_TUNED_ON = 8
"""Documents on which the peer's settings for threads are compared."""
WARM_UP = (
    "The council of Brekk voted on Tuesday to rebuild the old mill as a library. The work will take two years and "
    "cost 4 million crowns, half of which the county has promised to pay."
)
"""What each system reads once before it is measured; none of the documents, so that none of them is cached."""

OURS, OURS_LLAMACPP = "epitome, engine auto", "epitome, engine llamacpp"
ALONE = "epitome's engine alone (auto), no early stop"
FLOAT32 = "transformers float32, one at a time"
BFLOAT16 = "transformers bfloat16, sorted batches"
BINDINGS = "llama.cpp bindings, one at a time"
COLD_BAR = 5.0
THROUGHPUT_BARS = {FLOAT32: 5.0, BFLOAT16: 1.5, BINDINGS: 3.0}
QUALITY_BAR = -1.0
"""How many points of ROUGE-1 may be lost: the lower end of the interval of the difference lies above."""


@dataclass(frozen=True, slots=True)
class System:
    """What a worker is to load."""

    name: str
    kind: str
    options: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Row:
    """A document, the prompt that peers get for it, and its gold summaries."""

    document: str
    prompt: str
    golds: list[str]


@dataclass(slots=True)
class Measured:
    """What one system did, round by round."""

    answers: dict[int, Answers] = field(default_factory=dict)
    usage: Usage | None = None

    @property
    def texts(self) -> list[str]:
        return [text for at in sorted(self.answers) for text in self.answers[at].texts]

    @property
    def seconds(self) -> float:
        return sum(one.seconds for one in self.answers.values())

    def ratios(self, ours: Measured) -> list[float]:
        """How many times longer than ours it took, in each round that both finished."""
        both = sorted(self.answers.keys() & ours.answers.keys())
        return [self.answers[at].seconds / ours.answers[at].seconds for at in both]

    def ratio(self, ours: Measured) -> float:
        """The same over all those rounds together."""
        both = self.answers.keys() & ours.answers.keys()
        mine, theirs = (sum(one.answers[at].seconds for at in both) for one in (self, ours))
        return mine / theirs


@dataclass(frozen=True, slots=True)
class Bench:
    """What all parts share."""

    asked: argparse.Namespace
    model: Model
    report: Report
    rows: list[Row]

    def log(self, name: str) -> Path:
        """Where a process leaves what it says."""
        work: Path = self.asked.work
        return work / f"{''.join(letter if letter.isalnum() else '-' for letter in name)}.log"

    def folder(self, dtype: str) -> Path:
        """The model's weights as transformers loads them: made once, by `peers/unpack.py`."""
        assert self.model.path is not None
        size = self.model.path.stat().st_size
        work: Path = self.asked.work
        target = work / f"{self.model.path.stem}-{size}-{dtype}"
        if not target.is_dir():
            print(f"unpacking the weights as {dtype} …", flush=True)
            run(
                [sys.executable, str(PEERS / "unpack.py"), str(self.model.path), str(target), dtype],
                self.log("unpack"),
            )
        return target

    def system(self, name: str, **options: Any) -> System:
        """A system as it is measured, by its name in the report."""
        ours = {"model": self.asked.model, "engine": "auto", "work": self.asked.documents}
        if name == OURS:
            return System(name, "epitome", ours)
        if name == OURS_LLAMACPP:
            return System(name, "epitome", ours | {"engine": "llamacpp"})
        if name == ALONE:
            return System(name, "engine", ours | {"new_tokens": NEW_TOKENS})
        if name == BINDINGS:
            return System(
                name, "llamacpp", {"file": str(self.model.path), "new_tokens": NEW_TOKENS} | options
            )
        dtype = "float32" if name == FLOAT32 else "bfloat16"
        peer = {"folder": str(self.folder(dtype)), "dtype": dtype, "new_tokens": NEW_TOKENS}
        return System(name, "transformers", peer | options)

    def open(self, system: System) -> Worker:
        """The system, loaded and warm."""
        worker = Worker(system.kind, system.options, self.log(system.name))
        try:
            worker.ask([WARM_UP], [rendered(self.model, WARM_UP)])
        except BaseException:
            worker.close()
            raise
        return worker


# -- a cold start


def cold(bench: Bench) -> None:
    """One article, whole process, nothing running before."""
    article = bench.asked.work / "article.txt"
    text = article_text(bench)
    article.write_text(text, "utf-8")
    commands = cold_commands(bench, article)
    bench.report.section(f"Cold start: one article of {len(text.split())} words")
    for name, command in commands.items():
        _, said = run(command, bench.log(name))  # so that all files are in memory, for all alike
        bench.report.line(f"{name} says: {said}")
    bench.report.line(f"cached beforehand: {cached_files(bench.model)}")
    bench.report.line(
        f"llama.cpp on this machine: {calibrate.known(bench.model) or 'not calibrated, it was busy'}"
    )
    bench.report.table("system, in the order of the runs", "run", "wall s", "CPU s", "peak MiB")
    taken: dict[str, list[Usage]] = {name: [] for name in commands}
    try:
        for at in range(bench.asked.cold_runs):
            for name in rotated(list(commands), at):
                time.sleep(SETTLE_SECONDS)
                usage, _ = run(commands[name], bench.log(name))
                taken[name].append(usage)
                bench.report.row(name, at + 1, usage.wall, usage.cpu, usage.peak / 2**20)
    finally:
        cold_summary(bench.report, taken)


def cold_commands(bench: Bench, article: Path) -> dict[str, list[str]]:
    """Ours first."""
    script = Path(sys.executable).with_name("epitome")
    ours = (
        [str(script)]
        if script.is_file()
        else [sys.executable, "-c", "from epitome.cli.main import main; main()"]
    )
    peer = str(PEERS / "cold_transformers.py")
    return {"epitome summarize": [*ours, "summarize", str(article), "--model", bench.asked.model]} | {
        f"transformers, {dtype}": [sys.executable, peer, str(bench.folder(dtype)), dtype, str(article)]
        for dtype in ("float32", "bfloat16")
    }


def cold_summary(report: Report, taken: dict[str, list[Usage]]) -> None:
    """Medians, and how many times faster ours was in each pair of runs."""
    ours, *_ = taken.values()
    report.table("median", "wall s", "CPU s", "peak MiB", "times ours", "each pair")
    pairs = {
        name: [b.wall / a.wall for a, b in zip(ours, theirs, strict=False)] for name, theirs in taken.items()
    }
    for name, usages in taken.items():
        if usages and pairs[name]:
            figures = [median([getattr(one, what) for one in usages]) for what in ("wall", "cpu", "peak")]
            each = " ".join(f"{ratio:.2f}" for ratio in pairs[name])
            report.row(name, figures[0], figures[1], figures[2] / 2**20, median(pairs[name]), each)
    report.gap()
    for name, ratios in list(pairs.items())[1:]:
        if ratios:
            report.bar(f"cold start against {name}, median ratio", median(ratios), COLD_BAR)


def article_text(bench: Bench) -> str:
    """About 400 words of news, cut where a sentence ends."""
    own = ROOT / "examples" / "news.txt"
    if own.is_file():
        text = own.read_text("utf-8")
    else:
        with (bench.asked.data / "news" / "dev.jsonl").open(encoding="utf-8") as lines:
            documents = (json.loads(line)["document"] for line in lines)
            text = next(document for document in documents if len(document.split()) >= ARTICLE_WORDS)
    ends = [end for _, end in sentences(text, "en")]
    best = min(ends, key=lambda end: abs(len(text[:end].split()) - ARTICLE_WORDS))
    return text[:best].rstrip() + "\n"


def cached_files(model: Model) -> str:
    """What a cold start finds already made of the model's weights."""
    assert model.path is not None
    made = cache.models_folder().rglob(f"{model.path.stem}*.gguf")
    files = {model.path, *made}
    return ", ".join(f"{file.name} ({file.stat().st_size / 1e6:.0f} MB)" for file in sorted(files))


# -- throughput


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


# -- quality


def quality(bench: Bench, before: dict[str, Measured]) -> None:
    """ROUGE of ours as served and of transformers in float32, on the same documents."""
    rows = bench.rows[: bench.asked.quality]
    bench.report.section(f"Quality at speed: {len(rows)} documents of SciTLDR dev")
    texts = {
        name: answered(bench, name, rows, before.get(name, Measured()).texts) for name in (OURS, FLOAT32)
    }
    scored = {
        OURS: scores(texts[OURS], rows),
        f"{FLOAT32}, first sentence": scores([first_sentence(text) for text in texts[FLOAT32]], rows),
        f"{FLOAT32}, whole answer": scores([text.strip() for text in texts[FLOAT32]], rows),
    }
    quality_summary(bench.report, scored)


def answered(bench: Bench, name: str, rows: list[Row], have: list[str]) -> list[str]:
    """The system's answers to all rows; `have` are those to the first ones, if it was asked before."""
    texts = have[: len(rows)]
    rest = rows[len(texts) :]
    if not rest:
        return texts
    with bench.open(bench.system(name)) as worker:
        for portion in portions(rest, -(-len(rest) // 16)):
            texts += ask(worker, portion).texts
            print(f"{name}: {len(texts)} of {len(rows)}", flush=True)
    return texts


def scores(texts: Sequence[str], rows: Sequence[Row]) -> dict[str, list[float]]:
    """ROUGE of each text, by the SciTLDR authors' protocol."""
    from epitome.metrics.rouge import rouge

    each = [rouge(text, row.golds, protocol="best-r1") for text, row in zip(texts, rows, strict=True)]
    return {name: [one[name] for one in each] for name in ("rouge1", "rouge2", "rougeL")}


def first_sentence(text: str) -> str:
    """An answer cut as our product cuts its own."""
    from epitome.summarize.clean import pieces

    found = pieces(text, "en")
    return found[0] if found else text.strip()


def quality_summary(report: Report, scored: dict[str, dict[str, list[float]]]) -> None:
    """Means, and the difference of ours to each in ROUGE-1 with its 95 % interval."""
    from epitome.metrics.bootstrap import paired

    report.table("system", "ROUGE-1", "ROUGE-2", "ROUGE-L", "ours minus it, ROUGE-1", "95 % interval", "p")
    ours = scored[OURS]["rouge1"]
    lows: dict[str, float] = {}
    for name, figures in scored.items():
        means = [f"{sum(values) / len(values):.2f}" for values in figures.values()]
        if name == OURS:
            report.row(name, *means, "", "", "")
            continue
        found = paired(ours, figures["rouge1"])
        lows[name] = found.low
        report.row(
            name,
            *means,
            f"{found.difference:+.2f}",
            f"{found.low:+.2f} to {found.high:+.2f}",
            f"{found.p:.4f}",
        )
    report.gap()
    for name, low in lows.items():
        report.bar(f"lower end of the ROUGE-1 difference to {name}", low, QUALITY_BAR)


# -- setting up


def rotated(items: Sequence[str], at: int) -> list[str]:
    """The items in an order that begins with another one each time."""
    start = at % max(1, len(items))
    return [*items[start:], *items[:start]]


def portions(rows: list[Row], count: int) -> Iterator[list[Row]]:
    """The rows in `count` portions of one size, the last perhaps smaller."""
    size = -(-len(rows) // count)
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def ask(worker: Worker, rows: Sequence[Row]) -> Answers:
    """All answers to these documents."""
    return worker.ask([row.document for row in rows], [row.prompt for row in rows])


def rendered(model: Model, document: str) -> str:
    """The text that our product would have the model read for this document."""
    assert model.path is not None
    head = gguf.read(model.path)
    segments = render(prompt(document, Asked(), "en"), model.template, head.chat_template, head.tokens)
    return "".join(segment.text for segment in segments)


def load_rows(asked: argparse.Namespace, model: Model) -> list[Row]:
    """The documents that are measured, and one more round of them to tune peers on."""
    wanted = max(asked.documents, asked.quality) + -(-asked.documents // asked.rounds)
    rows: list[Row] = []
    with (asked.data / "scitldr" / "dev.jsonl").open(encoding="utf-8") as lines:
        for line, _ in zip(lines, range(wanted), strict=False):
            row = json.loads(line)
            document = row["document"].strip()
            golds = row.get("summaries") or [row["summary"]]
            rows.append(Row(document, rendered(model, document), golds))
    if len(rows) < max(asked.documents, asked.quality):
        raise SystemExit(f"{asked.data}: scitldr/dev.jsonl has only {len(rows)} rows")
    return rows


def arguments(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--only", choices=PARTS, help="one of the three parts, into a file of its own")
    parser.add_argument("--model", default="default", help="a GGUF model, as epitome names it")
    parser.add_argument("--cold-runs", type=int, default=5, metavar="N")
    parser.add_argument("--documents", type=int, default=64, metavar="N")
    parser.add_argument("--rounds", type=int, default=4, metavar="N", help="1: all documents at once")
    parser.add_argument("--quality", type=int, default=100, metavar="N", help="documents to score")
    parser.add_argument("--out", type=Path, metavar="FILE", help="default: bench/results/summarize.md")
    parser.add_argument("--work", type=Path, default=ROOT / "runs" / "bench", metavar="FOLDER")
    asked = parser.parse_args(given)
    for name in ("cold_runs", "documents", "rounds", "quality"):
        if getattr(asked, name) < 1:
            parser.error(f"--{name.replace('_', '-')} must be at least 1")
    asked.rounds = min(asked.rounds, asked.documents)
    if not (asked.data / "scitldr" / "dev.jsonl").is_file():
        parser.error(f"{asked.data} holds no scitldr/dev.jsonl")
    name = f"summarize-{asked.only}.md" if asked.only else "summarize.md"
    asked.out = asked.out or ROOT / "bench" / "results" / name
    asked.work = asked.work.resolve()
    asked.work.mkdir(parents=True, exist_ok=True)
    return asked


def main(given: Sequence[str] | None = None) -> None:
    asked = arguments(given)
    machine.require(NEEDED)
    model = resolve(asked.model)
    report = Report(asked.out, "Speed of a summary, and its quality")
    for fact in machine.facts(NAMED, ROOT):
        report.line(fact)
    if machine.installed("openvino-genai") is None:
        report.line("**no openvino-genai**: engine auto is llama.cpp throughout")
    bench = Bench(asked, model, report, load_rows(asked, model))
    prepared(model)
    parts = (asked.only,) if asked.only else PARTS
    measured: dict[str, Measured] = {}
    if "cold" in parts:
        cold(bench)
    if "throughput" in parts:
        measured = throughput(bench)
    if "quality" in parts:
        quality(bench, measured)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        print("interrupted: the rows above are kept", file=sys.stderr)
        sys.exit(130)
    except (EpitomeError, ProcessError) as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(3)
