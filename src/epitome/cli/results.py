"""An evaluation as a person at a terminal reads it, and as files."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from epitome.evaluate.compare import verdict
from epitome.evaluate.measures import MEASURES
from epitome.evaluate.result import Comparison, Evaluation, Figure, SystemResult
from epitome.store.journal import replacing, writing

MAIN = ("rouge1", "rouge2", "rougeL", "rougeLsum")
BESIDE = ("bertscore", "similarity", "support", "unsupported", "novel2", "words", "length_met")


def show(evaluation: Evaluation) -> None:
    """Print the tables to standard output."""
    from rich.console import Console

    console = Console(highlight=False, soft_wrap=False)
    data = evaluation.data
    passed = f", {len(data['bad'])} rows passed over" if data["bad"] else ""
    console.print(f"{data['source']}: {data['n']} documents{passed}", markup=False, soft_wrap=True)
    scored = [one for one in evaluation.systems if one.figures]
    if main := [name for name in MAIN if any(name in one.figures for one in scored)]:
        console.print(_table("", main, scored, evaluation))
    if beside := [name for name in BESIDE if any(name in one.figures for one in scored)]:
        console.print(_means(beside, scored))
    if evaluation.comparisons:
        console.print(_comparisons(evaluation.comparisons))
    if evaluation.perturbations:
        console.print(_shifts(evaluation))
    for one in evaluation.systems:
        _failures(console, one)
    # In one piece, whatever the width: it is there to be copied.
    console.print(f"signature {evaluation.signature}", markup=False, style="dim", soft_wrap=True)


def _new_table(title: str, first: str, names: Sequence[str]) -> Any:
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    table = Table(title=escape(title) or None, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column(first, no_wrap=True)
    for name in names:
        table.add_column(MEASURES[name].label if name in MEASURES else name, justify="right")
    return table


def _table(title: str, names: Sequence[str], systems: Sequence[SystemResult], evaluation: Evaluation) -> Any:
    table = _new_table(title, "system", names)
    for one in systems:
        table.add_row(_name(one.name), *(_interval(one.figures.get(name)) for name in names))
    for other in evaluation.published:
        figures = (f"{other.figures[name]:.2f}" if name in other.figures else "" for name in names)
        table.add_row(f"[dim]{_name(other.system)}[/]", *(f"[dim]{figure}[/]" for figure in figures))
    notes = {f"{other.system}: {other.split}; {other.source}" for other in evaluation.published}
    if notes:
        table.caption = "published, not measured here\n" + "\n".join(sorted(notes))
        table.caption_justify = "left"
    return table


def _name(text: str) -> str:
    """A name in a table: square brackets in it are no markup."""
    from rich.markup import escape

    return escape(text)


def _interval(figure: Figure | None) -> str:
    return (
        f"{figure.mean:.2f} [dim]{figure.low:.1f}{' to ' if figure.low < 0 else '-'}{figure.high:.1f}[/]"
        if figure
        else ""
    )


def _means(names: Sequence[str], systems: Sequence[SystemResult]) -> Any:
    table = _new_table("", "system", names)
    for one in systems:
        table.add_row(_name(one.name), *(_mean(one.figures.get(name)) for name in names))
    return table


def _mean(figure: Figure | None) -> str:
    if figure is None:
        return ""
    return f"{figure.mean:.1f}" if abs(figure.mean) >= 10 else f"{figure.mean:.2f}"


def _comparisons(found: Sequence[Comparison]) -> Any:
    shown = [one for one in found if one.metric in ("rouge1", "rougeL", "bertscore", "support")]
    table = _new_table(
        f"beside {found[0].b}", "system", ["metric", "difference, 95 %", "p", "p, Holm", "better?"]
    )
    for one in shown:
        table.add_row(
            _name(one.a),
            MEASURES[one.metric].label,
            f"{one.difference:+.2f} [dim]{one.low:+.2f} to {one.high:+.2f}[/]",
            _p(one.p),
            _p(one.corrected),
            verdict(one),
        )
    return table


def _p(value: float) -> str:
    return "<0.001" if value < 0.001 else f"{value:.3f}"


def _shifts(evaluation: Evaluation) -> Any:
    table = _new_table(
        "on changed documents", "system", ["change", "documents", "summary moved", "ROUGE-1 changed"]
    )
    for one in evaluation.perturbations:
        table.add_row(
            _name(one.system),
            one.kind,
            str(one.documents),
            _interval(one.moved),
            _interval(one.quality.get("rouge1")),
        )
    return table


def _failures(console: Any, one: SystemResult) -> None:
    errors = [output for output in one.outputs if output.error]
    if errors:
        console.print(
            f"{one.name}: {len(errors)} of {len(one.outputs)} failed, the first ({errors[0].id}): {errors[0].error}",
            markup=False,
        )


def write(
    evaluation: Evaluation,
    *,
    report: Path | None = None,
    markdown: Path | None = None,
    csv: Path | None = None,
    json: Path | None = None,
    outputs: Path | None = None,
) -> None:
    """Write the files that were asked for, each whole or not at all; `-` is standard output."""
    if json is not None:
        _write(json, _as_json(evaluation))
    if report or markdown or csv:
        from epitome.evaluate import report as reports

        for path, text_of in ((report, reports.html), (markdown, reports.markdown), (csv, reports.csv)):
            if path is not None:
                _write(path, text_of(evaluation))
    if outputs is not None:
        with writing(outputs):
            outputs.mkdir(parents=True, exist_ok=True)
        for one in evaluation.systems:
            _write(outputs / f"{_file_name(one.name)}.jsonl", _rows(one))


def _write(path: Path, text: str) -> None:
    if str(path) == "-":
        print(text)
        return
    with replacing(path) as file:
        file.write(text if text.endswith("\n") else text + "\n")


def _as_json(evaluation: Evaluation) -> str:
    return json.dumps(evaluation.as_dict(), ensure_ascii=False)


def _rows(one: SystemResult) -> str:
    rows = (
        {"id": output.id, "summary": output.text or None, "error": output.error or None}
        for output in one.outputs
    )
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def _file_name(name: str) -> str:
    return "".join(char if char.isalnum() or char in "-_.+" else "_" for char in name).strip(".") or "system"
