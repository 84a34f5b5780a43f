"""Public sets: what is said of each, and the authors' own files turned into pairs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from epitome.datasets import originals, public
from epitome.datasets.public import PublicSet
from epitome.datasets.read import load, splits
from epitome.errors import ModelError, OfflineError, SourceError, UsageError

TLDR = {
    "source": ["Kites fly higher on long strings.", " We fly forty of them."],
    "source_labels": [1, 0],
    "paper_id": "p1",
    "target": ["Long strings help kites.", "Forty kites were flown."],
    "title": "On kites",
}
MEETING = {
    "general_query_list": [{"query": "Summarize the whole meeting.", "answer": "They chose a boat."}],
    "specific_query_list": [
        {
            "query": "What did Ann want?",
            "answer": "A red boat.",
            "relevant_text_span": [["0", "0"], ["2", "2"]],
        }
    ],
    "meeting_transcripts": [
        {"speaker": "Ann", "content": "A red one."},
        {"speaker": "Bo", "content": "No."},
        {"speaker": "Ann", "content": "Please."},
    ],
}
STORY = {
    "metadata": {"passage_id": "77"},
    "document": "A long story about a fox.",
    "questions": [
        {
            "question_text": "What is the plot?",
            "question_number": 1,
            "responses": [{"response_text": "A fox runs."}, {"response_text": "A fox is tired."}],
        }
    ],
}
CLAUSE = {
    "c1": {
        "original_text": "You agree not to sell it.",
        "reference_summary": "Do not sell it.",
        "title": "Sale",
    }
}


def pairs(form: str, original: str, tmp_path: Path) -> list[tuple[str, str, str, tuple[str, ...]]]:
    (tmp_path / "dev.original").write_text(original, encoding="utf-8")
    originals.convert(form, tmp_path / "dev.original", tmp_path / "pairs.jsonl")
    data = load(str(tmp_path / "pairs.jsonl"))
    assert data.bad == []
    return [(pair.id, pair.title, pair.document, pair.summaries) for pair in data]


def test_every_set_says_where_it_comes_from_and_what_its_licence_allows() -> None:
    assert {"scitldr", "csl-zh", "qmsum-meetings", "debian"} <= set(public.sets())
    for known in public.sets().values():
        assert known.home.startswith("https://")
        assert known.licence
        assert known.ship in {"yes", "no", "ask"}
        assert bool(known.files) + bool(known.hub) + bool(known.by_hand) == 1
        assert known.form in {"", *originals.FORMS}
        if known.ship == "yes":
            assert not any(word in known.licence for word in ("NC", "SA", "research"))


def test_the_authors_layouts(tmp_path: Path) -> None:
    assert pairs("scitldr", json.dumps(TLDR) + "\n", tmp_path) == [
        ("p1", "On kites", "Kites fly higher on long strings. We fly forty of them.", tuple(TLDR["target"]))
    ]
    assert pairs("legal-plain", json.dumps(CLAUSE), tmp_path) == [
        ("c1", "Sale", "You agree not to sell it.", ("Do not sell it.",))
    ]
    assert pairs("csl", 'to title\t"双层"桥梁的振动很小。\t双层桥梁\n', tmp_path) == [
        ("csl-dev-1", "", '"双层"桥梁的振动很小。', ("双层桥梁",))
    ]
    assert pairs("qmsum-meetings", json.dumps(MEETING) + "\n", tmp_path) == [
        (
            "qmsum-dev-1",
            "Summarize the whole meeting.",
            "Ann: A red one.\nBo: No.\nAnn: Please.",
            ("They chose a boat.",),
        )
    ]
    assert pairs("qmsum-queries", json.dumps(MEETING) + "\n", tmp_path) == [
        ("qmsum-dev-1-1", "What did Ann want?", "Ann: A red one.\nAnn: Please.", ("A red boat.",))
    ]
    assert pairs("squality", json.dumps(STORY) + "\n", tmp_path) == [
        ("squality-77-1", "What is the plot?", STORY["document"], ("A fox runs.", "A fox is tired."))
    ]


@pytest.mark.parametrize("form", sorted(originals.FORMS))
@pytest.mark.parametrize("original", ["not json\n", "[1]\n", "{}\n", '{"a": 1}\n', "<html>sign in</html>\n"])
def test_another_layout_is_a_clear_error(tmp_path: Path, form: str, original: str) -> None:
    (tmp_path / "dev.original").write_text(original)
    with pytest.raises(SourceError, match="not laid out as"):
        originals.convert(form, tmp_path / "dev.original", tmp_path / "pairs.jsonl")
    assert not (tmp_path / "pairs.jsonl").exists()


@pytest.fixture
def served(home: Path) -> Iterator[tuple[PublicSet, list[str]]]:
    """A set whose files a server on the loopback has, and the tokens that it was shown."""
    shown: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            shown.append(self.headers.get("Authorization", ""))
            found = self.path == "/dev.jsonl"
            body = json.dumps(TLDR).encode() + b"\n" if found else b""
            self.send_response(200 if found else 404)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}"
    files = {"dev": f"{url}/dev.jsonl", "test": f"{url}/gone.jsonl"}
    yield PublicSet("kites", "", "", "", "", "yes", "en", files=files, form="scitldr"), shown
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_set_is_fetched_once_and_without_the_hubs_token(
    served: tuple[PublicSet, list[str]], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "secret")
    kites, shown = served
    (path,) = public.tables(kites, "dev")
    assert [pair.id for pair in load(str(path))] == ["p1"]
    assert public.tables(kites, "validation") == [path]
    assert shown == [""]


def test_what_cannot_be_fetched_says_what_to_do_by_hand(
    served: tuple[PublicSet, list[str]], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kites, _ = served
    with pytest.raises(UsageError, match="several splits"):
        public.tables(kites, None)
    with pytest.raises(ModelError, match=r"gone\.jsonl") as error:
        public.tables(kites, "test")
    assert "by hand, save it as" in str(error.value.hint)
    monkeypatch.setenv("EPITOME_OFFLINE", "1")
    with pytest.raises(OfflineError, match="scitldr is not on this machine") as offline:
        load("scitldr", split="dev")
    place = home / "data" / "public" / "scitldr" / "dev.jsonl"
    assert str(place) in str(offline.value.hint)
    # And so done by hand, the same command works.
    place.parent.mkdir(parents=True)
    place.write_text(json.dumps(TLDR) + "\n")
    assert [pair.id for pair in load("scitldr", split="dev")] == ["p1"]
    assert splits("scitldr") == ["train", "dev", "test"]
    with pytest.raises(SourceError, match="email cannot be fetched by itself"):
        load("email")
