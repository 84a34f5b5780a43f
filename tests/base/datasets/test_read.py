"""Corpora as people keep them: read row by row, bad rows named and passed over or refused."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from epitome.datasets.columns import parse
from epitome.datasets.pair import Dataset, Pair
from epitome.datasets.read import load, read, splits
from epitome.documents.table import BadRow
from epitome.errors import EpitomeError, SourceError, UsageError

MILL = "The mill on the river ground barley until the flood of 1911. Its wheel is now in the town museum."
BEES = "Beekeepers lost a third of their hives last winter. They blame a mite and a wet spring."
PORT = "港口昨天重新开放。三天的大风使两百艘船停在外面，现在它们正在依次进港。"
GOLDS = ("The mill closed after a flood.", "A flood ended the mill's work.")


def jsonl(path: Path, *rows: Any) -> str:
    lines = [row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows]
    path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    return str(path)


def csv(path: Path, text: str) -> str:
    path.write_text(text, encoding="utf-8", newline="")
    return str(path)


def texts(data: Dataset) -> list[tuple[str, tuple[str, ...]]]:
    return [(pair.document, pair.summaries) for pair in data]


def test_a_pair_table_as_the_design_fixes_it(tmp_path: Path) -> None:
    source = jsonl(
        tmp_path / "pairs.jsonl",
        {"id": 7, "document": f" {MILL}\n", "summaries": list(GOLDS), "title": "Mill", "score": [1, None]},
        {"document": PORT, "summary": "港口重新开放。", "domain": "ships", "lang": "zh-CN"},
    )
    first, second = load(source)
    assert first == Pair(MILL, GOLDS, "7", "Mill", "", "en", {"score": [1, None]})
    assert second == Pair(PORT, ("港口重新开放。",), "pairs.jsonl:2", "", "ships", "zh", {})


@pytest.mark.parametrize(
    ("document", "summary"),
    [("article", "highlights"), ("text", "summary"), ("dialogue", "summary"), ("source", "target")],
)
def test_the_usual_names_are_recognised(tmp_path: Path, document: str, summary: str) -> None:
    source = jsonl(tmp_path / "t.jsonl", {document: MILL, summary: GOLDS[0], "n": 1})
    assert texts(load(source)) == [(MILL, GOLDS[:1])]
    assert load(source).pairs[0].other == {"n": 1}


def test_columns_are_named_where_the_usual_names_do_not_help(tmp_path: Path) -> None:
    row = {"story": MILL, "a": GOLDS[0], "b": GOLDS[1], "kind": "news", "code": "x1"}
    source = jsonl(tmp_path / "t.jsonl", row)
    with pytest.raises(UsageError, match=r"no column of .* has a usual name for documents") as error:
        load(source)
    assert "story, a, b, kind, code" in str(error.value.hint)
    named = parse(["document=story", "summary=a", "summary=b", "domain=kind", "id=code"])
    assert list(load(source, named)) == [Pair(MILL, GOLDS, "x1", "", "news", "en", {})]


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        (
            {"text": MILL, "article": BEES, "summary": "x"},
            "which column of .* holds the documents, text or article",
        ),
        (
            {"text": MILL, "abstract": "x", "tldr": "y"},
            "which column of .* holds the summaries, abstract or tldr",
        ),
        ({"text": MILL}, "no column of .* has a usual name for summaries"),
    ],
)
def test_what_is_ambiguous_or_missing_is_asked_for(
    tmp_path: Path, row: dict[str, str], complaint: str
) -> None:
    with pytest.raises(UsageError, match=complaint) as error:
        load(jsonl(tmp_path / "t.jsonl", row))
    assert ", ".join(row) in str(error.value.hint)
    assert "--column" in str(error.value.hint)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["document"], "not FIELD=NAME"),
        (["doc=text"], "'doc' is no field of a pair"),
        (["id=a", "id=b"], "named twice"),
    ],
)
def test_a_column_option_that_makes_no_sense(options: list[str], complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        parse(options)


def test_a_named_column_that_is_not_there(tmp_path: Path) -> None:
    source = jsonl(tmp_path / "t.jsonl", {"document": MILL, "summary": "x"})
    with pytest.raises(UsageError, match="no column 'highlights'"):
        load(source, {"summary": "highlights"})
    with pytest.raises(UsageError, match="cannot be both"):
        load(source, {"summary": "document"})


def test_the_outputs_of_a_system_are_not_taken_for_golds(tmp_path: Path) -> None:
    source = jsonl(
        tmp_path / "out.jsonl", {"document": MILL, "summaries": list(GOLDS), "summary": "made by a model"}
    )
    assert texts(load(source)) == [(MILL, GOLDS)]


def test_golds_in_csv_as_columns_and_as_a_list_in_json(tmp_path: Path) -> None:
    side = csv(
        tmp_path / "a.csv",
        f'text,summary_2,summary_1\n"{MILL}",{GOLDS[1]},{GOLDS[0]}\n"{BEES}",,Bees died.\n',
    )
    assert texts(load(side)) == [(MILL, GOLDS), (BEES, ("Bees died.",))]
    listed = csv(tmp_path / "b.tsv", f'text\tsummaries\n"{MILL}"\t"[""{GOLDS[0]}"", ""{GOLDS[1]}""]"\n')
    assert texts(load(listed)) == [(MILL, GOLDS)]


def test_sentences_in_a_list_are_one_document(tmp_path: Path) -> None:
    source = jsonl(tmp_path / "t.jsonl", {"source": MILL.split(". "), "target": list(GOLDS)})
    assert texts(load(source)) == [(MILL.replace(". ", "\n"), GOLDS)]


BAD: list[tuple[Any, str]] = [
    ({"document": MILL}, "column 'summary' is missing"),
    ({"document": None, "summary": "x"}, "column 'document' is empty"),
    ({"document": " \n", "summary": "x"}, r"the document is empty \(column 'document'\)"),
    ({"document": MILL, "summary": ""}, "the gold summary is empty"),
    ({"document": MILL, "summary": []}, "the gold summary is empty"),
    ({"document": MILL, "summaries": ["x", ""]}, "gold summary 2 of 2 is empty"),
    ({"document": 42, "summary": "x"}, "column 'document' holds int, not text"),
    ({"document": MILL, "summaries": ["x", 3]}, "column 'summaries' holds int, not text"),
    ({"document": MILL, "summary": {"text": "x"}}, "column 'summary' holds dict, not text"),
    ('{"document": NaN, "summary": "x"}', "column 'document' holds NaN"),
    (r'{"document": "half \ud83d", "summary": "x"}', "half a character"),
    ({"document": " " * 4_000_000 + "\ufeff\u3000", "summary": "x"}, "the document is empty"),
    ({"document": "w" * 5_000_001, "summary": "x"}, "5,000,001 characters, more than 5,000,000"),
    ({"document": MILL, "summary": "x", "id": "one"}, "the id 'one' stands in an earlier row"),
    ("[1]", "a JSON object was expected, not list"),
    ('{"document": "torn', "not JSON"),
    ('{"document": ' + "9" * 5000 + "}", "not JSON that can be read"),
    ("[" * 100_000, "nested too deeply"),
]


@pytest.mark.parametrize(("row", "reason"), BAD)
def test_a_bad_row_is_named_and_the_others_go_on_or_refused_if_asked(
    tmp_path: Path, row: Any, reason: str
) -> None:
    good = {"document": MILL, "summary": "x", "id": "one"}
    source = jsonl(tmp_path / "t.jsonl", good, row, {"document": BEES, "summary": "y"})
    data = load(source)
    assert [pair.document for pair in data] == [MILL, BEES]
    (bad,) = data.bad
    assert bad.number == 2
    with pytest.raises(SourceError, match=reason) as error:
        load(source, strict=True)
    assert error.value.message == bad.reason
    assert bad.reason.startswith(f"{source}:2: ")


def test_a_line_in_another_encoding_spoils_itself_alone(tmp_path: Path) -> None:
    lines = ["document,summary", f'"{MILL}",x', '"Die M\xfchle steht still.",y', f'"{PORT}",z']
    path = tmp_path / "t.csv"
    path.write_bytes(
        b"".join(line.encode("latin-1" if "\xfc" in line else "utf-8") + b"\n" for line in lines)
    )
    data = load(str(path))
    assert [pair.document for pair in data] == [MILL, PORT]
    assert [bad.reason for bad in data.bad] == [f"{path}:3: not valid utf-8"]


def test_parquet_with_missing_values_and_text_that_is_none(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    golds = pa.array([["a"], None, [], ["b"]], pa.list_(pa.string()))
    pq.write_table(pa.table({"document": [MILL, BEES, BEES, None], "summaries": golds}), path)
    data = load(str(path))
    assert texts(data) == [(MILL, ("a",))]
    assert [bad.number for bad in data.bad] == [2, 3, 4]
    broken = pa.Array.from_buffers(pa.string(), 2, pa.array([b"ok", b"\xff\xfe"], pa.binary()).buffers())
    pq.write_table(pa.table({"document": broken, "summary": ["x", "y"]}), path)
    data = load(str(path))
    assert texts(data) == [("ok", ("x",))]
    assert [bad.number for bad in data.bad] == [2]
    pq.write_table(pa.table({"document": [MILL, BEES], "summary": [1.5, float("nan")]}), path)
    with pytest.raises(SourceError, match=r"2 rows, the first: .*:1: column 'summary' holds float"):
        load(str(path))


def test_a_document_full_of_white_space_takes_no_longer_than_another(tmp_path: Path) -> None:
    document = "a" + " " * 4_000_000 + "b"
    assert texts(load(jsonl(tmp_path / "t.jsonl", {"document": document, "summary": "x"}))) == [
        (document, ("x",))
    ]


def test_the_limit_counts_bad_rows(tmp_path: Path) -> None:
    source = jsonl(
        tmp_path / "t.jsonl", {"document": MILL, "summary": "x"}, "torn", {"document": BEES, "summary": "y"}
    )
    found = list(read(source, limit=2))
    assert [type(row) for row in found] == [Pair, BadRow]


# Folders


def test_files_named_by_split(tmp_path: Path) -> None:
    jsonl(tmp_path / "train-00000-of-00002.jsonl", {"document": MILL, "summary": "x"})
    jsonl(tmp_path / "train-00001-of-00002.jsonl", {"document": BEES, "summary": "y"})
    jsonl(tmp_path / "dev.jsonl", {"document": PORT, "summary": "z"})
    (tmp_path / "README.md").write_text("# About")
    assert splits(str(tmp_path)) == ["dev", "train"]
    assert [pair.document for pair in load(str(tmp_path), split="train")] == [MILL, BEES]
    assert [pair.document for pair in load(str(tmp_path), split="validation")] == [PORT]
    with pytest.raises(UsageError, match="several splits") as error:
        load(str(tmp_path))
    assert "dev, train" in str(error.value.hint)
    with pytest.raises(UsageError, match="no split 'test'"):
        load(str(tmp_path), split="test")


def test_one_file_has_no_splits(tmp_path: Path) -> None:
    source = jsonl(tmp_path / "t.jsonl", {"document": MILL, "summary": "x"})
    with pytest.raises(UsageError, match="has no splits"):
        load(source, split="train")
    assert splits(source) == []


def saved(folder: Path, table: pa.Table) -> None:
    """A dataset as `datasets.save_to_disk` leaves it."""
    folder.mkdir(parents=True)
    with pa.ipc.new_stream(folder / "data-00000-of-00001.arrow", table.schema) as stream:
        stream.write_table(table)
    (folder / "dataset_info.json").write_text("{}")
    files = [{"filename": "data-00000-of-00001.arrow"}]
    (folder / "state.json").write_text(json.dumps({"_data_files": files, "_split": None}))
    (folder / "cache-1f2e.arrow").write_bytes(b"a step's cache")


@pytest.mark.parametrize("line", ['[{"document": "a", "summary": "b"}]', '{"document": "d", "summary": "s"'])
def test_a_table_without_one_row_to_read_says_what_is_wrong_with_the_first(tmp_path: Path, line: str) -> None:
    with pytest.raises(SourceError, match=r"t\.jsonl:1: (a JSON object was expected|not JSON)"):
        load(jsonl(tmp_path / "t.jsonl", line))


def test_what_datasets_wrote(tmp_path: Path) -> None:
    table = pa.table({"article": [MILL, BEES], "highlights": ["x", "y"]})
    saved(tmp_path / "one", table)
    assert [pair.document for pair in load(str(tmp_path / "one"))] == [MILL, BEES]
    for split in ("train", "validation"):
        saved(tmp_path / "many" / split, table)
    (tmp_path / "many" / "dataset_dict.json").write_text('{"splits": ["train", "validation"]}')
    assert splits(str(tmp_path / "many")) == ["train", "validation"]
    assert len(load(str(tmp_path / "many"), split="dev")) == 2


def test_texts_beside_their_summaries(tmp_path: Path) -> None:
    (tmp_path / "mill.txt").write_text(MILL + "\n")
    (tmp_path / "mill.summary.txt").write_text(GOLDS[0])
    (tmp_path / "mill.summary.2.txt").write_text(GOLDS[1])
    (tmp_path / "port.txt").write_text(PORT, encoding="gb18030")
    (tmp_path / "port.summary.txt").write_text("港口重新开放。")
    (tmp_path / "bees.txt").write_text(BEES)
    (tmp_path / "owls.summary.txt").write_text("Owls.")
    (tmp_path / "void.txt").write_text("")
    (tmp_path / "void.summary.txt").write_text("Nothing.")
    data = load(str(tmp_path))
    assert [(pair.id, pair.lang) for pair in data] == [("mill", "en"), ("port", "zh")]
    assert texts(data) == [(MILL, GOLDS), (PORT, ("港口重新开放。",))]
    reasons = [bad.reason for bad in data.bad]
    assert "bees.txt: there is no bees.summary.txt beside it" in reasons[0]
    assert "owls.summary.txt: there is no owls.txt beside it" in reasons[1]
    assert "void.txt: the file is empty" in reasons[2]


def test_folders_and_files_that_hold_nothing(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").mkdir()
    with pytest.raises(SourceError, match="no data in this folder"):
        load(str(tmp_path / "x.jsonl"))
    with pytest.raises(SourceError, match="no data in this folder"):
        load(str(tmp_path))
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    (tmp_path / "up").symlink_to(tmp_path)
    for name in ("loop", "no such.jsonl", "nul\0", "x" * 5000):
        with pytest.raises(SourceError):
            load(str(tmp_path / name))
    with pytest.raises(SourceError, match="no data"):
        load(str(tmp_path / "up"))
    (tmp_path / "notes.docx").write_text("x")
    with pytest.raises(SourceError, match="not a table"):
        load(str(tmp_path / "notes.docx"))
    with pytest.raises(SourceError, match="holds no pair: it has no rows"):
        load(csv(tmp_path / "head.csv", "document,summary\n"))


@pytest.mark.parametrize("suffix", ["parquet", "arrow"])
def test_a_file_cut_off(tmp_path: Path, suffix: str) -> None:
    table = pa.table({"document": [f"{at} {MILL}" for at in range(2000)], "summary": ["x"] * 2000})
    path = tmp_path / f"t.{suffix}"
    if suffix == "parquet":
        pq.write_table(table, path)
    else:
        with pa.ipc.new_stream(path, table.schema) as stream:
            stream.write_table(table, max_chunksize=500)
    whole = path.read_bytes()
    for share in (0.1, 0.6, 0.999):
        path.write_bytes(whole[: int(len(whole) * share)])
        try:
            data = load(str(path))
        except SourceError:
            continue
        assert len(data) < 2000
        assert data.bad


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    document = MILL * 100
    source = jsonl(
        tmp_path / "t.jsonl", *({"document": document, "summary": "x", "lang": "en"} for _ in range(4000))
    )
    tracemalloc.start()
    assert sum(isinstance(row, Pair) for row in read(source)) == 4000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4_000_000  # the file is 40 MB


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=4,
)
NAMES = st.sampled_from(["document", "summary", "summaries", "id", "title", "lang", "domain", "note"])
SUFFIXES = st.sampled_from([".jsonl", ".csv", ".tsv", ".parquet", ".arrow"])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
@given(st.lists(st.dictionaries(NAMES, VALUES), min_size=1, max_size=5))
def test_any_json_rows_give_pairs_or_reasons(tmp_path: Path, rows: list[dict[str, Any]]) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    try:
        found = list(read(str(path)))
    except EpitomeError:  # no columns to make pairs of
        return
    assert len(found) == len(rows)
    for row in found:
        if isinstance(row, Pair):
            assert row.document
            assert all(row.summaries)
            json.dumps([row.document, *row.summaries], ensure_ascii=False).encode()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
@given(st.binary(max_size=200), SUFFIXES, st.booleans())
def test_any_bytes_give_rows_or_a_clear_error(tmp_path: Path, data: bytes, suffix: str, headed: bool) -> None:
    path = tmp_path / f"t{suffix}"
    heading = {
        ".csv": b"document,summary\n",
        ".tsv": b"document\tsummary\n",
        ".parquet": b"PAR1",
        ".arrow": b"ARROW1",
    }
    path.write_bytes((heading.get(suffix, b"") if headed else b"") + data)
    try:
        for row in read(str(path)):
            assert isinstance(row, (Pair, BadRow))
    except EpitomeError:
        pass


@pytest.mark.parametrize("at", range(0, 1200, 13))
def test_a_parquet_file_with_a_wrong_byte(tmp_path: Path, at: int) -> None:
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"document": [MILL, BEES], "summary": ["x", "y"]}), path)
    data = bytearray(path.read_bytes())
    data[at % len(data)] ^= 0x5A
    path.write_bytes(data)
    try:
        found = list(read(str(path)))
        assert all(isinstance(row, (Pair, BadRow)) for row in found)
    except EpitomeError:
        pass
