"""Corpora in every format there is, and back: the same pairs, the same fingerprint."""

from __future__ import annotations

import datetime
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from epitome.datasets.pair import Dataset, Pair
from epitome.datasets.read import load
from epitome.datasets.write import write
from epitome.errors import StoreError, UsageError

PAIRS = [
    Pair(
        'The tram line opens in May.\r\n\r\nIt has nine stops, "all" of them new.',
        ("Tram in May.", "A tram with nine stops."),
        id="a/1",
        title="Tram",
        domain="news",
        other={"score": 4.5, "tags": ["rail", "city"], "n": 3, "seen": True, "url": None},
    ),
    Pair(
        "渡轮今天停运，明天恢复。",
        ("渡轮停运一天。",),
        id="b",
        lang="zh",
        other={"score": 2, "note": {"by": "x"}},
    ),
    Pair("The owl\u2028sleeps\tby day.", ('["an owl"]',), id="c", lang="en"),
]
OUTPUTS = ["t.jsonl", "t.csv", "t.tsv", "t.parquet", "datasets", "txt"]


def kind(name: str) -> str:
    return "" if "." in name else name


@pytest.mark.parametrize("name", OUTPUTS)
def test_what_is_written_reads_back_the_same(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    assert write(PAIRS, path, kind(name)) == 3
    data = load(str(path))
    assert data.bad == []
    assert data.fingerprint == Dataset(PAIRS).fingerprint
    for pair, read in zip(PAIRS, data, strict=True):
        assert (read.document, read.summaries) == (pair.document, pair.summaries)
        assert (read.id, read.title, read.domain, read.lang) == (pair.id, pair.title, pair.domain, pair.lang)
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", ["t.jsonl", "txt"])
def test_other_columns_keep_their_json(tmp_path: Path, name: str) -> None:
    write(PAIRS, tmp_path / name, kind(name))
    assert [pair.other for pair in load(str(tmp_path / name))] == [pair.other for pair in PAIRS]


@pytest.mark.parametrize("name", ["t.parquet", "datasets"])
def test_other_columns_keep_their_types_in_arrow(tmp_path: Path, name: str) -> None:
    write(PAIRS, tmp_path / name, kind(name))
    first, second, third = load(str(tmp_path / name))
    assert first.other == {**PAIRS[0].other, "note": None}
    assert second.other == {
        "score": 2.0,
        "tags": None,
        "n": None,
        "seen": None,
        "url": None,
        "note": '{"by": "x"}',
    }
    assert set(third.other.values()) == {None}


def test_csv_has_a_plain_column_where_there_is_one_gold(tmp_path: Path) -> None:
    write(PAIRS[1:2], tmp_path / "one.csv")
    assert (tmp_path / "one.csv").read_text().splitlines()[
        0
    ] == "id,title,document,summary,domain,lang,score,note"
    write(PAIRS, tmp_path / "many.csv")
    assert "summaries" in (tmp_path / "many.csv").read_text().splitlines()[0]


def test_from_one_format_through_all_others(tmp_path: Path) -> None:
    before = Dataset(PAIRS)
    for name in [*OUTPUTS, "again.jsonl"]:
        write(before, tmp_path / name, kind(name))
        before = load(str(tmp_path / name))
    assert before.fingerprint == Dataset(PAIRS).fingerprint


def test_values_that_json_does_not_know(tmp_path: Path) -> None:
    day = datetime.date(2024, 2, 29)
    table = pa.table(
        {"text": ["One."], "summary": ["x"], "day": [day], "raw": [b"\xff"], "n": [float("nan")]}
    )
    pq.write_table(table, tmp_path / "t.parquet")
    write(load(str(tmp_path / "t.parquet")), tmp_path / "t.jsonl")
    row = json.loads((tmp_path / "t.jsonl").read_text())
    assert (row["day"], row["raw"], row["n"]) == ("2024-02-29", "/w==", None)


def test_what_stands_in_the_way_is_kept(tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("keep")
    for kind in ("txt", "datasets"):
        with pytest.raises(UsageError, match="holds something"):
            write(PAIRS, tmp_path / "full", kind)
    with pytest.raises(UsageError, match="cannot be told"):
        write(PAIRS, tmp_path / "out")
    with pytest.raises(StoreError):
        write(PAIRS, tmp_path / "nowhere" / "t.parquet")
    (tmp_path / "t.parquet").mkdir()
    with pytest.raises(StoreError, match="is a folder"):
        write(PAIRS, tmp_path / "t.parquet")
    assert (tmp_path / "full" / "mine.txt").read_text() == "keep"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["full", "t.parquet"]


TEXTS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=30).filter(
    lambda text: text.strip("\ufeff") == text and "\x00" not in text
)
PRINTED = TEXTS.map(lambda text: "x" + "".join(char for char in text if char.isprintable()) + "x")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(st.lists(st.tuples(TEXTS, st.lists(TEXTS, min_size=1, max_size=3)), min_size=1, max_size=4), st.data())
def test_any_texts_survive(tmp_path: Path, rows: list[tuple[str, list[str]]], data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(["t.jsonl", "t.csv", "t.tsv", "t.parquet"]))
    pairs = [
        Pair(f"x{document}x", tuple(f"[{gold}]" for gold in golds), str(at))
        for at, (document, golds) in enumerate(rows)
    ]
    write(pairs, tmp_path / name)
    assert load(str(tmp_path / name)).fingerprint == Dataset(pairs).fingerprint


def test_a_nul_character_survives_in_json_and_is_refused_in_csv(tmp_path: Path) -> None:
    pairs = [Pair("a\x00b", ("gold",), "1")]
    write(pairs, tmp_path / "t.jsonl")
    assert load(str(tmp_path / "t.jsonl")).pairs[0].document == "a\x00b"
    with pytest.raises(UsageError, match="the row '1' has a NUL character"):
        write(pairs, tmp_path / "t.csv")
    assert not (tmp_path / "t.csv").exists()


@pytest.mark.parametrize("text", ["a\rb", "\r", "a\r\nb", 'a"b,c', "a\nb", "\t"])
@pytest.mark.parametrize("name", ["t.csv", "t.tsv"])
def test_line_ends_and_quotes_stay_inside_their_field(tmp_path: Path, text: str, name: str) -> None:
    pairs = [Pair(f"x{text}x", ("gold",), "1"), Pair("second", (f"[{text}]",), "2")]
    write(pairs, tmp_path / name)
    assert load(str(tmp_path / name)).fingerprint == Dataset(pairs).fingerprint


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30, deadline=None)
@given(st.lists(st.tuples(PRINTED, st.lists(PRINTED, min_size=1, max_size=11)), min_size=1, max_size=3))
def test_any_printed_text_survives_a_folder(tmp_path: Path, rows: list[tuple[str, list[str]]]) -> None:
    pairs = [Pair(document, tuple(golds)) for document, golds in rows]
    folder = tmp_path / f"{len(list(tmp_path.iterdir()))}"
    write(pairs, folder, "txt")
    assert load(str(folder)).fingerprint == Dataset(pairs).fingerprint
