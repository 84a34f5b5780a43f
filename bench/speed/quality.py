"""Quality at speed: ROUGE of what is served, beside transformers in float32 on the same documents."""

from __future__ import annotations

from collections.abc import Sequence

from harness.report import Report
from speed.systems import FLOAT32, OURS, Bench, Measured, Row, ask, portions

QUALITY_BAR = -1.0
"""How many points of ROUGE-1 may be lost: the lower end of the interval of the difference lies above."""


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
