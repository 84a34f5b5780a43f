"""The reports: every figure in every form, nothing of a text taken for markup, a size that does not grow with data."""

from __future__ import annotations

import csv as reader
import io
import re
from dataclasses import replace
from pathlib import Path

import pytest
from tests.base.evaluate.corpus import ENGLISH, PAIRS
from tests.base.pages.test_pages import Reader

from epitome.datasets.pair import Dataset
from epitome.documents.table import BadRow
from epitome.evaluate.report import csv, html, markdown
from epitome.evaluate.result import Evaluation, Output, Published
from epitome.evaluate.run import Settings, evaluate

NASTY = "a|b <script>alert('1')</script>\n# *c* `d`"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Evaluation:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EPITOME_HOME", str(tmp_path_factory.mktemp("home")))
        data = Dataset(ENGLISH.pairs, "stories.jsonl", [BadRow(7, "stories.jsonl:7: not JSON")])
        made = evaluate(data, Settings(systems=("lead", "textrank", "title", "oracle"), perturb=("shuffle",)))
    made.published = [Published("BART", "test", {"rouge1": 45.14}, "its paper", "another split")]
    made.system("lead").outputs[2] = Output("owl", "", "it would not")
    return made


def test_every_figure_of_every_system_is_in_each_form(run: Evaluation) -> None:
    shown = {form: render(run) for form, render in (("html", html), ("markdown", markdown))}
    for one in run.systems:
        for figure in one.figures.values():
            for number in (figure.mean, figure.low, figure.high):
                for form, text in shown.items():
                    assert f"{number:.2f}" in text, (form, one.name)


def test_the_csv_holds_the_figures_as_they_are(run: Evaluation) -> None:
    rows = list(reader.DictReader(io.StringIO(csv(run))))
    whole = {(row["system"], row["metric"]): row for row in rows if not row["by"]}
    for one in run.systems:
        for metric, figure in one.figures.items():
            row = whole[one.name, metric]
            assert float(row["mean"]) == pytest.approx(figure.mean, rel=1e-5)
            assert row["signature"] == figure.signature
    assert {row["by"] for row in rows} == {"", "domain", "length"} - (
        {"length"} if len(PAIRS) < 15 else set()
    )


@pytest.mark.parametrize("render", [html, markdown])
def test_data_failures_bad_rows_and_how_it_was_made_are_told(run: Evaluation, render: object) -> None:
    text = re.sub(r"\\([\W_])", r"\1", render(run))  # type: ignore[operator]
    for wanted in (
        "stories.jsonl",
        run.data["fingerprint"],
        "not JSON",
        "it would not",
        "45.14",
        "its paper",
        "another split",
        run.created,
        run.versions["python"],
        "cannot tell",
        "shuffle",
    ):
        assert wanted in text


def test_examples_show_document_golds_and_outputs(run: Evaluation) -> None:
    read = Reader(html(run))
    example = run.examples[0]
    assert example.document in read.text
    assert all(gold in read.text for gold in example.golds)
    assert all(text in read.text for text in example.outputs.values() if text)


def test_names_and_texts_are_no_markup(run: Evaluation) -> None:
    nasty = replace(
        run,
        systems=[replace(run.systems[0], name=NASTY, outputs=[Output(NASTY, NASTY, NASTY)])],
        comparisons=[replace(run.comparisons[0], a=NASTY)],
        examples=[
            replace(run.examples[0], document=NASTY, title=NASTY, golds=(NASTY,), outputs={NASTY: NASTY})
        ],
    )
    page = Reader(html(nasty))
    assert [tag for tag, _ in page.tags].count("script") == 1
    for block in markdown(nasty).split("\n\n"):
        rows = [line for line in block.splitlines() if line.startswith("|")]
        assert len({len(re.findall(r"(?<!\\)\|", row)) for row in rows}) <= 1
    assert "\n# *c*" not in markdown(nasty)


def test_the_page_does_not_grow_with_the_data(run: Evaluation) -> None:
    many = replace(
        run,
        systems=[
            replace(
                one, outputs=one.outputs * 500, scores={name: held * 500 for name, held in one.scores.items()}
            )
            for one in run.systems
        ],
        data={**run.data, "ids": ["x" * 40] * 5000},
    )
    assert len(html(many)) < 1.2 * len(html(run))


def test_an_evaluation_without_any_figure_still_makes_a_report(tmp_path: Path) -> None:
    empty = Evaluation({"source": "x", "n": 1, "fingerprint": ""}, {}, "")
    assert "Evaluation on x" in html(empty)
    assert markdown(empty).startswith("# Evaluation on x")
    assert csv(empty).count("\n") == 1
