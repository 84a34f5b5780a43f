"""The report as Markdown, for an issue, a pull request or a model card."""

from __future__ import annotations

import re
from collections.abc import Iterable

from epitome.evaluate.report import contents
from epitome.evaluate.report.contents import Cell, Name, Table
from epitome.evaluate.result import Evaluation, Example

_SPECIAL = re.compile(r"([\\`*_\[\]<>|#~$&])")


def markdown(evaluation: Evaluation) -> str:
    """Tables, examples and settings, in the order of the HTML page."""
    parts = [f"# {_text(contents.title(evaluation))}", _pairs(contents.data(evaluation))]
    parts += [_table(one) for one in contents.groups(evaluation)]
    parts += [f"- {_text(line)}" for line in contents.published(evaluation)]
    for one in (
        *contents.comparisons(evaluation),
        *contents.breakdowns(evaluation),
        contents.perturbations(evaluation),
        contents.failures(evaluation),
    ):
        parts.append(_table(one) if one else "")
    if evaluation.examples:
        parts += ["## Examples", *(_example(one) for one in contents.examples(evaluation))]
    bad = contents.bad_rows(evaluation)
    parts += [_table(contents.systems(evaluation)), _table(bad) if bad else ""]
    parts += ["## How it was made", _pairs(contents.made(evaluation))]
    return "\n\n".join(part for part in parts if part) + "\n"


def _table(one: Table) -> str:
    lines = [f"## {_text(one.title)}", ""]
    lines.append("| " + " | ".join(_text(column) for column in one.columns) + " |")
    lines.append("|" + "---|" * len(one.columns))
    lines += ["| " + " | ".join(_cell(cell) for cell in row) + " |" for row in one.rows]
    if one.note:
        lines += ["", _text(one.note)]
    if one.about:
        lines += ["", *(f"- {_text(line)}" for line in one.about)]
    return "\n".join(lines)


def _cell(value: object) -> str:
    if isinstance(value, Cell):
        figure = value.figure
        sign = "+" if value.signed else ""
        mean, low, high = (f"{one:{sign}.2f}" for one in (figure.mean, figure.low, figure.high))
        return f"{f'**{mean}**' if value.best else mean} ({low} to {high})"
    if isinstance(value, Name):
        return _text(f"{value.text} ({value.remark})")
    if isinstance(value, float):
        return f"{value:.2f}"
    return "" if value is None else _text(value)


def _example(one: Example) -> str:
    lines = [f"### {_text(one.why)}: {_text(one.id)}", "", *(f"- gold: {_text(gold)}" for gold in one.golds)]
    for name, text in one.outputs.items():
        score = f" ({one.scores[name]:.1f})" if name in one.scores else ""
        lines.append(f"- {_text(name)}{score}: {_text(text) or '(nothing)'}")
    paragraphs = [_text(line) for line in one.document.splitlines() if line.strip()]
    lines += ["", "<details><summary>The document</summary>", "", "\n\n".join(paragraphs), "", "</details>"]
    return "\n".join(lines)


def _pairs(rows: Iterable[tuple[str, str]]) -> str:
    return "\n".join(f"- **{_text(name)}**: {_text(value)}" for name, value in rows)


def _text(value: object) -> str:
    """In one line, with what Markdown would read as markup escaped."""
    return _SPECIAL.sub(r"\\\1", " ".join(str(value).split()))
