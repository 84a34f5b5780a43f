"""A cold start: one article, whole process, nothing running before."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from epitome.documents import sentences
from epitome.engines import calibrate
from epitome.models import cache
from epitome.models.model import Model
from harness.process import PEERS, Usage, run
from harness.report import Report, median
from speed.systems import Bench, rotated

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "news.txt"
ARTICLE_WORDS = 400
COLD_BAR = 5.0
SETTLE_SECONDS = 1.0
"""Between cold starts: what the last process left to the system to tidy up is not the next one's."""


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
    if EXAMPLE.is_file():
        text = EXAMPLE.read_text("utf-8")
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
