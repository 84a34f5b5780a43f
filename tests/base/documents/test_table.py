"""Tables: rows one at a time, bad ones named by line and passed on."""

from __future__ import annotations

import csv
import gzip
import json
import tracemalloc
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from epitome.documents.table import BadRow, columns, is_table, rows
from epitome.errors import SourceError

EXAMPLES = Path(__file__).parents[3] / "examples"


def file(folder: Path, name: str, data: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def test_the_example_pairs() -> None:
    found = list(rows(EXAMPLES / "pairs.jsonl"))
    names = ["id", "title", "document", "summaries", "domain", "lang"]
    assert columns(EXAMPLES / "pairs.jsonl") == names
    languages = []
    for row in found:
        assert not isinstance(row, BadRow)
        assert list(row) == names
        assert all(len(gold) < len(row["document"]) / 2 for gold in row["summaries"])
        languages.append(row["lang"])
    assert languages == ["en"] * 18 + ["zh"] * 6  # English first: a system without Chinese takes --limit 18


def test_what_is_a_table() -> None:
    assert [is_table(name) for name in ("a.jsonl", "b.CSV", "c.tsv", "d.parquet", "e.ndjson")] == [True] * 5
    assert not any(is_table(name) for name in ("a.txt", "b.json.md", "c", "-"))


def test_bad_jsonl_lines_are_named_and_the_rest_goes_on(tmp_path: Path) -> None:
    path = file(tmp_path, "t.jsonl", b'{"a": 1}\n{"a": \n\n[1, 2]\n{"a": "\xff"}\n{"a": 2}')
    found = list(rows(path))
    assert found[0] == {"a": 1}
    assert found[-1] == {"a": 2}
    bad = [row for row in found if isinstance(row, BadRow)]
    assert [row.number for row in bad] == [2, 4, 5]
    assert "not JSON" in bad[0].reason
    assert "t.jsonl:4: a JSON object was expected, not list" in bad[1].reason
    assert "not valid utf-8" in bad[2].reason


def test_csv_and_tsv_with_quotes_line_breaks_and_long_fields(tmp_path: Path) -> None:
    long = "word " * 60_000
    path = file(tmp_path, "t.csv", f'id,text\n1,"two\nlines, ""quoted"""\n2,{long}\n')
    assert list(rows(path)) == [{"id": "1", "text": 'two\nlines, "quoted"'}, {"id": "2", "text": long}]
    path = file(tmp_path, "t.tsv", "id\ttext\n1\ta, b\n")
    assert list(rows(path)) == [{"id": "1", "text": "a, b"}]
    assert columns(path) == ["id", "text"]


def test_csv_rows_of_the_wrong_width_are_named(tmp_path: Path) -> None:
    path = file(tmp_path, "t.csv", "id,text\n1,one\n2\n3,three,3\n4,four\n")
    found = list(rows(path))
    assert [row["id"] for row in found if not isinstance(row, BadRow)] == ["1", "4"]
    assert [row.number for row in found if isinstance(row, BadRow)] == [3, 4]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252", "gb18030"])
def test_other_encodings(tmp_path: Path, encoding: str) -> None:
    text = (
        "市长昨天为新桥剪彩，乐队演奏了一个下午。"
        if encoding == "gb18030"
        else "Die Brücke über den Fluß heißt Ärmelbrücke."
    )
    path = file(tmp_path, "t.csv", ("id,text\n" + f'1,"{text}"\n' * 5).encode(encoding))
    assert list(rows(path)) == [{"id": "1", "text": text}] * 5
    line = json.dumps({"text": text}, ensure_ascii=False) + "\n"
    path = file(tmp_path, "t.jsonl", (line * 5).encode(encoding))
    assert list(rows(path)) == [{"text": text}] * 5


def test_parquet_keeps_its_types(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"text": ["one", None], "n": [1, 2], "tags": [["a"], []]}), path)
    assert list(rows(path)) == [{"text": "one", "n": 1, "tags": ["a"]}, {"text": None, "n": 2, "tags": []}]
    assert columns(path) == ["text", "n", "tags"]


def test_a_broken_parquet_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="Parquet file is broken"):
        list(rows(file(tmp_path, "t.parquet", b"PAR1 nothing PAR1")))


@pytest.mark.parametrize(("name", "data"), [("t.jsonl", b""), ("t.csv", b" \n"), ("t.parquet", b"")])
def test_an_empty_table_is_refused(tmp_path: Path, name: str, data: bytes) -> None:
    with pytest.raises(SourceError, match="the table is empty"):
        rows(file(tmp_path, name, data))


def test_missing_and_unknown_files_are_refused_at_once(tmp_path: Path) -> None:
    file(tmp_path, "pairs.jsonl", "{}")
    with pytest.raises(SourceError, match="no such file") as error:
        rows(tmp_path / "pair.jsonl")
    assert "pairs.jsonl" in (error.value.hint or "")
    with pytest.raises(SourceError, match="not a table"):
        rows(file(tmp_path, "t.xlsx", "x"))


def test_binary_data_is_no_table(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="binary"):
        rows(file(tmp_path, "t.csv", bytes(range(256)) * 9))


def test_the_limit_counts_bad_rows(tmp_path: Path) -> None:
    path = file(tmp_path, "t.jsonl", '{"a": 1}\nbad\n{"a": 2}\n')
    assert len(list(rows(path, limit=2))) == 2


@pytest.mark.parametrize("suffix", ["jsonl", "csv", "parquet"])
def test_memory_does_not_grow_with_the_file(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"t.{suffix}"
    text = "word " * 400
    if suffix == "jsonl":
        path.write_text((json.dumps({"text": text}) + "\n") * 20_000)
    elif suffix == "csv":
        path.write_text("text\n" + f"{text}\n" * 20_000)
    else:
        pq.write_table(pa.table({"text": [f"{at} {text}" for at in range(20_000)]}), path, row_group_size=500)
    tracemalloc.start()
    assert sum(1 for _ in rows(path)) == 20_000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8_000_000  # the file is 40 MB


VALUES = st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=20)


@given(
    st.lists(st.dictionaries(VALUES, VALUES | st.integers() | st.none(), max_size=4), min_size=1, max_size=6)
)
def test_jsonl_round_trip(tmp_path_factory: pytest.TempPathFactory, table: list[dict[str, object]]) -> None:
    path = tmp_path_factory.mktemp("t") / "t.jsonl"
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in table), encoding="utf-8")
    assert list(rows(path)) == table


@given(st.lists(st.tuples(VALUES, VALUES), min_size=1, max_size=6))
def test_csv_round_trip(tmp_path_factory: pytest.TempPathFactory, table: list[tuple[str, str]]) -> None:
    path = tmp_path_factory.mktemp("t") / "t.csv"
    with path.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([("a", "b"), *table])
    assert list(rows(path)) == [{"a": a, "b": b} for a, b in table]


@given(st.binary(min_size=1, max_size=300), st.sampled_from(["jsonl", "csv", "tsv", "parquet"]))
def test_whatever_the_bytes_rows_or_our_own_error(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, suffix: str
) -> None:
    path = tmp_path_factory.mktemp("t") / f"t.{suffix}"
    path.write_bytes(data)
    try:
        found = list(rows(path))
    except SourceError:
        return
    assert all(isinstance(row, dict | BadRow) for row in found)


@pytest.mark.parametrize(
    ("name", "data"),
    [("a.jsonl", '{"text": "Die Fähre"}\n{"text": "sank"}\n'), ("a.csv", "text\nDie Fähre\nsank\n")],
)
def test_packed_tables_read_like_plain_ones(tmp_path: Path, name: str, data: str) -> None:
    path = file(tmp_path, f"{name}.gz", gzip.compress(data.encode()))
    assert is_table(path)
    assert columns(path) == ["text"]
    assert list(rows(path)) == [{"text": "Die Fähre"}, {"text": "sank"}]
    assert not is_table("rows.parquet.gz")


def test_a_packed_table_that_breaks_off_says_so(tmp_path: Path) -> None:
    lines = "".join(json.dumps({"text": f"{at} {hash(str(at))}"}) + "\n" for at in range(40_000))
    packed = gzip.compress(lines.encode())
    found = list(rows(file(tmp_path, "torn.jsonl.gz", packed[: len(packed) // 2])))
    assert len(found) > 1000
    assert isinstance(last := found[-1], BadRow)
    assert "this row and all after it are broken" in last.reason
    with pytest.raises(SourceError, match="the packed file is damaged"):
        list(rows(file(tmp_path, "no.jsonl.gz", b"not packed at all")))
