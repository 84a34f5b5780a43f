"""What a BERT that writes is worth: how fast it writes, which way of making one is best, how narrow S may be.

    python bench/bert.py decode                                # keys and values kept against all computed anew
    python bench/bert.py routes --train TRAIN --dev DEV --base runs/bert/mlm --jobs 12 --set train.row_tokens=8192
    python bench/bert.py cost --train TRAIN --dev DEV --base runs/bert/mlm

`decode` writes 64 tokens with a MiniLM whose heads are new; the bar is 10 times with four beams, as `summarize` writes
with such a model, from 256 tokens of document on, and the same output. TRAIN and DEV are tables of pairs: those of the
tables in the docs are `runs/bert/packages/train.jsonl` and `dev.jsonl`, which `recipes/bert.py` makes. Every row of
`routes` is a training by `epitome train` on the first `--pairs` of TRAIN, `--jobs` of them side by side (a GPU has room
for all), and an `epitome evaluate` on documents of DEV whose id has an odd hash; the checkpoint is chosen by the loss on
others. A row that is in the results already is not measured again, and a training that was broken off goes
on. Beside the table lies the curve of quality over the numbers in S. `cost` takes a few steps of each on a core.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness import machine
from harness.commands import cells, evaluated, intervals, trained
from harness.halves import halves
from harness.report import Report, median

ROOT = Path(__file__).resolve().parent.parent
RECIPE = ROOT / "recipes" / "bert.toml"
PACKAGES = ("epitome", "torch", "transformers")
NEW, BEAMS, ROUNDS, BAR = 64, 4, 3, 10.0
LENGTHS, LONG = (128, 256, 440), 256
"""Tokens of the document, and from where on the bar holds; with 64 new ones 440 nearly fill MiniLM's 512 positions."""
WATCHED = 100
"""Documents whose loss chooses the checkpoint."""
COPIED = ("lead", "textrank")
"""What any of them has to beat."""
ROUTES: dict[str, tuple[str, ...]] = {
    "masked, with a pointer": (),
    "masked, without a pointer": ("encoder.pointer=false",),
    "masked, half of the words a step": ("encoder.share=0.5",),
    "BERT2BERT": ("encoder.writer=bert2bert",),
    "BERT2BERT, shared": ("encoder.writer=bert2bert", "encoder.tied=true"),
}
HIDDEN = 384
WIDTHS: dict[str, tuple[tuple[int, int], ...]] = {
    "attention": ((1, 96), (1, HIDDEN), (4, HIDDEN), (16, HIDDEN)),
    "mean": ((1, HIDDEN),),
    "max": ((1, HIDDEN),),
}
"""Vectors of S and the numbers of each."""
EVERY = "BERT2BERT"
"""The row to set the pooled ones beside: its decoder sees every token."""
STEPS = 12
"""Of `cost`."""


@dataclass(frozen=True)
class Row:
    """One training: its name in the tables, and its settings."""

    name: str
    settings: tuple[str, ...]
    numbers: int = 0
    """Of S; 0 where the decoder sees every token."""


# --- how fast it writes


def decode(asked: argparse.Namespace, report: Report) -> None:
    """Seconds for 64 tokens with and without what stands already, by the length of the document and the beams."""
    import torch

    network = _writer(asked.base)
    torch.set_num_threads(asked.threads)
    report.line(f"{NEW} new tokens, float32, {asked.threads} threads, median of {ROUNDS} rounds in turns")
    report.table("document", "beams", "kept, s", "computed anew, s", "ratio")
    by_default = []
    for length in asked.lengths:
        for beams in (1, BEAMS):
            kept, anew = _timed(network, length, beams)
            report.row(f"{length} tokens", beams, kept, anew, f"{anew / kept:.1f}")
            if beams == BEAMS and length >= min(LONG, max(asked.lengths)):
                by_default.append(anew / kept)
    report.gap()
    claim = f"times faster at {NEW} tokens with {BEAMS} beams, as it writes by default, and the same output"
    report.bar(f"{claim}: the smallest of the ratios from {LONG} tokens of document on", min(by_default), BAR)


def _timed(network: Any, length: int, beams: int) -> tuple[float, float]:
    """Seconds with keys and values kept, and with all computed anew. Ends the script where the outputs differ."""
    import torch

    ids = _document(network.config, length)
    seconds: dict[bool, list[float]] = {True: [], False: []}
    for _ in range(ROUNDS):
        written = {}
        for kept, taken in seconds.items():
            started = time.perf_counter()
            written[kept] = _answer(network, ids, beams, kept)
            taken.append(time.perf_counter() - started)
        if not torch.equal(written[True], written[False]):
            raise SystemExit(f"{length} tokens, {beams} beams: what is kept writes something else")
    return median(seconds[True]), median(seconds[False])


def _document(known: Any, length: int) -> Any:
    """Random tokens of BERT's kind: shape 1 x `length`."""
    import torch

    ids = torch.randint(5, known.vocab_size, (1, length), generator=torch.Generator().manual_seed(0))
    if hasattr(known, "mask_token_id"):  # one that fills masks, whose document ends at its first [SEP]
        ids[ids == known.sep_token_id] = known.mask_token_id
        ids[0, -1] = known.sep_token_id
    return ids


def _answer(network: Any, ids: Any, beams: int, kept: bool = True) -> Any:
    """`NEW` tokens, whatever the network would end on."""
    import torch

    length = {"min_new_tokens": NEW, "max_new_tokens": NEW}
    with torch.inference_mode():
        return network.generate(ids, num_beams=beams, use_cache=kept, do_sample=False, **length)


def _writer(base: str) -> Any:
    import torch

    from epitome.models.resolve import pull
    from epitome.train.base import open_base
    from epitome.train.config import Encoder

    torch.manual_seed(0)
    return open_base(pull(base), torch.float32, Encoder()).network.eval()


# --- what trainings come to


def _lines(path: Path) -> list[str]:
    return path.read_text("utf-8").splitlines(keepends=True)


class Trials:
    """Trains, judges and keeps what came of it."""

    def __init__(self, asked: argparse.Namespace) -> None:
        self.asked = asked
        self.rows_file: Path = asked.out.with_suffix(".jsonl")
        self.work: Path = asked.work
        self.work.mkdir(parents=True, exist_ok=True)
        self.learnt = self._written("train", _lines(asked.train)[: asked.pairs])
        even, others = halves(_lines(asked.dev))
        self.watched = self._written("dev-watched", even[:WATCHED])
        self.judged = self._written("dev-judged", others[: asked.documents])

    def _written(self, name: str, lines: Sequence[str]) -> Path:
        target = self.work / f"{name}.jsonl"
        target.write_text("".join(lines), "utf-8")
        return target

    def measured(self, row: Row) -> dict[str, Any]:
        """What is in the results of it, or what it comes to now."""
        kept = self.rows_file.read_text("utf-8").splitlines() if self.rows_file.is_file() else []
        for held in map(json.loads, kept):
            if held["name"] == row.name:
                return dict(held)
        found = {"name": row.name, "numbers": row.numbers, "on": machine.graphics() or machine.processor()}
        found |= self.trained(row) | self._judged(row)
        with self.rows_file.open("a", encoding="utf-8") as file:
            file.write(json.dumps(found) + "\n")
        return found

    def folder(self, row: Row) -> Path:
        """Where its model lies."""
        return self.work / "".join(letter if letter.isalnum() else "-" for letter in row.name)

    def trained(self, row: Row, *settings: str) -> dict[str, Any]:
        """Its training, as `harness.commands` tells of it."""
        asked = self.asked
        options = ("--dev", str(self.watched), "--base", asked.base)
        threads, seed = f"train.threads={asked.threads}", f"seed={asked.seed}"
        every = (*row.settings, "eval.generate=0", threads, seed, *asked.settings, *settings)
        return trained(self.learnt, self.folder(row), (*options, "--config", str(RECIPE)), every)

    def _judged(self, row: Row) -> dict[str, Any]:
        folder = self.folder(row)
        return self.evaluated(folder.with_suffix(".json"), f"it={folder}")["it"]

    def evaluated(self, out: Path, *systems: str) -> dict[str, Any]:
        """ROUGE of the systems on the documents that judge, by name."""
        options = [part for system in systems for part in ("--system", system)]
        found = evaluated(self.judged, out, *options)["systems"]
        return {system: intervals(figures) for system, figures in found.items()}


def ways() -> list[Row]:
    """Of making a writer whose decoder sees every token."""
    return [Row(name, settings) for name, settings in ROUTES.items()]


def pooled() -> list[Row]:
    """Those through S, by its width."""
    rows = []
    for pooling, shapes in WIDTHS.items():
        for vectors, each in shapes:
            shape = (f"encoder.vectors={vectors}", f"encoder.width={each}")
            settings = ("encoder.writer=pooled", f"encoder.pooling={pooling}", *shape)
            rows.append(Row(f"{pooling}, {vectors} x {each}", settings, vectors * each))
    return rows


def routes(asked: argparse.Namespace, report: Report) -> None:
    """All of them on the same pairs: a table, and a curve a way of pooling."""
    trials = Trials(asked)
    report.line(
        f"{len(_lines(trials.learnt)):,} pairs, {len(_lines(trials.judged))} documents judge, seed {asked.seed}"
    )
    report.table(
        "", "numbers in S", "parameters", "steps", "loss on dev", "ROUGE-1, 95 %", "2", "L", "trained on"
    )
    for name, figures in trials.evaluated(trials.work / "copied.json", *COPIED).items():
        report.row(name, "", "", "", "", *cells(figures), "")
    found = []
    with ThreadPoolExecutor(asked.jobs) as pool:
        for held in pool.map(trials.measured, [*ways(), *pooled()]):
            shape = (held["numbers"] or "", f"{held['parameters']:,}", held["steps"], f"{held['loss']:.4f}")
            report.row(held["name"], *shape, *cells(held), held["on"])
            found.append(held)
    report.gap()
    page = asked.out.with_suffix(".html")
    page.write_text(drawn(found), "utf-8")
    report.line(f"The curves: [{page.name}]({page.name})")


def drawn(found: Sequence[dict[str, Any]]) -> str:
    """ROUGE-1 over the numbers in S (by powers of two) as a page, a curve a way of pooling."""
    import math

    from epitome.pages import page
    from epitome.pages.plots import curves

    every = next(row["rouge1"]["mean"] for row in found if row["name"] == EVERY)
    lines = [
        (
            pooling,
            [
                (math.log2(row["numbers"]), row["rouge1"]["mean"])
                for row in found
                if row["numbers"] and row["name"].startswith(f"{pooling},")
            ],
        )
        for pooling in WIDTHS
    ]
    ends = [at for _, points in lines for at, _ in points]
    lines.append((f"every token ({EVERY})", [(min(ends), every), (max(ends), every)] if ends else []))
    plot = curves(lines, label="ROUGE-1 on dev", unit="log2 of the numbers in S")
    return page(
        "Quality against the width of S", plot, lead="A decoder that sees the document through S alone"
    )


# --- what they take


def cost(asked: argparse.Namespace, report: Report) -> None:
    """Tokens a second and memory of a training, and seconds for a summary, on this machine."""
    trials = Trials(asked)
    report.line(
        f"Training: {STEPS} steps. Writing: {NEW} tokens from {LONG} with {BEAMS} beams, float32, the median of {ROUNDS}."
    )
    report.table("", "parameters", "training, tokens/s", "MiB at peak", "writing, s")
    for row in [*ways(), *pooled()[-1:]]:  # what is pooled, and how, costs next to nothing
        held = trials.trained(row, f"train.max_steps={STEPS}")
        writing = _seconds(trials.folder(row), asked.threads)
        report.row(row.name, f"{held['parameters']:,}", held["tokens_per_second"], held["peak_mib"], writing)


def _seconds(folder: Path, threads: int) -> float:
    """For a summary of so many tokens."""
    import torch

    from epitome.engines.networks import load_network

    torch.set_num_threads(threads)
    network = load_network(folder, torch.float32).eval()
    known = getattr(network.config, "encoder", network.config)
    taken = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        _answer(network, _document(known, LONG), BEAMS)
        taken.append(time.perf_counter() - started)
    return median(taken)


def arguments(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("decode", "routes", "cost"))
    parser.add_argument("--train", type=Path, metavar="TRAIN")
    parser.add_argument("--dev", type=Path, metavar="DEV")
    parser.add_argument("--pairs", type=int, metavar="N", help="to learn from; default: all of TRAIN")
    parser.add_argument("--base", default="minilm", metavar="MODEL")
    parser.add_argument(
        "--lengths", type=int, nargs="+", default=list(LENGTHS), metavar="N", help="of `decode`"
    )
    parser.add_argument("--documents", type=int, default=300, metavar="N", help="documents to judge on")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="rows of `routes` at a time")
    parser.add_argument("--threads", type=int, default=1, metavar="N")
    parser.add_argument("--seed", type=int, default=0, metavar="N")
    parser.add_argument("--set", dest="settings", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--out", type=Path, metavar="FILE", help="default: bench/results/bert-WHAT.md")
    parser.add_argument("--work", type=Path, metavar="FOLDER", help="default: runs/bert-WHAT")
    asked = parser.parse_args(given)
    if asked.what != "decode" and not all(table and table.is_file() for table in (asked.train, asked.dev)):
        parser.error("--train TRAIN and --dev DEV, two tables of pairs, are needed")
    asked.out = asked.out or ROOT / "bench" / "results" / f"bert-{asked.what}.md"
    asked.work = asked.work or ROOT / "runs" / f"bert-{asked.what}"
    return asked


def main(given: Sequence[str] | None = None) -> None:
    asked = arguments(given)
    report = Report(asked.out, f"A BERT that writes: {asked.what}")
    for line in machine.facts(PACKAGES, ROOT):
        report.line(line)
    {"decode": decode, "routes": routes, "cost": cost}[asked.what](asked, report)


if __name__ == "__main__":
    main()
