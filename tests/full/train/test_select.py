"""An encoder learns which words of a document its summary uses; it marks them, and chooses what another model reads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tests.base.cli.command import epitome, one_line
from tests.full.engines import folders
from tests.full.train.command import runner
from tests.full.train.test_claims import bert  # noqa: F401  (a small random encoder)

from epitome.datasets.pair import Pair
from epitome.documents import from_text
from epitome.engines.encoder import windows
from epitome.engines.spans import SpanTagger, cut, decided
from epitome.engines.tokenizer import HubTokenizer
from epitome.errors import ModelError, UsageError
from epitome.metrics.spans import TAGS, B, O, places, tags
from epitome.models.resolve import resolve
from epitome.summarize.budget import budget
from epitome.summarize.highlights import guide
from epitome.summarize.pick import pick
from epitome.summarize.summarizer import Summarizer
from epitome.train.select import lead
from epitome.trust.check import Source
from epitome.types import Length, Request

LETTER = (
    "It rained all day. The {name} ferry was late on Monday. Nobody had an umbrella. The master of the harbour sold "
    "{at} tickets to people in the rain."
)
SUMMARY = "{name} ferry late, {at} tickets sold"


def rows(count: int) -> list[dict[str, Any]]:
    names = ("Elspeth", "Corvo", "Dunmere", "Hathe", "Garrow")
    return [
        {
            "document": LETTER.format(name=names[at % 5], at=at + 30),
            "summary": SUMMARY.format(name=names[at % 5], at=at + 30), "id": f"p{at}", "lang": "en",
        }
        for at in range(count)
    ]  # fmt: skip


def table(path: Path, found: list[dict[str, Any]]) -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in found), "utf-8")
    return str(path)


@pytest.fixture(scope="module")
def tagger(bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:  # noqa: F811
    work = tmp_path_factory.mktemp("select")
    out = work / "tagger"
    settings = (
        "train.max_steps=60",
        "train.batch=8",
        "optim.lr=0.01",
        "train.threads=1",
        "eval.times=0.2",
        "track=[]",
    )
    train, dev = table(work / "train.jsonl", rows(80)), table(work / "dev.jsonl", rows(110)[80:])
    done = epitome(
        "train", train, "--dev", dev, "--base", bert, "--objective", "select", "-o", out,
        *(part for line in settings for part in ("--set", line)),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "macro-F1" in done.stderr
    assert "--style highlights" in done.stdout
    return out


def test_it_learns_and_the_report_says_how_well(tagger: Path) -> None:
    losses = [json.loads(line)["loss"] for line in (tagger / "log.jsonl").read_text("utf-8").splitlines()]
    assert sum(losses[-5:]) < sum(losses[:5]) / 3
    held = json.loads((tagger / "tags.json").read_text("utf-8"))
    assert held["tagger"]["macro_f1"] > max(held["most_frequent"]["macro_f1"], held["position"]["macro_f1"])
    assert held["tagger"]["tags"]["B"]["f1"] > 80
    assert set(held["tagger"]["tags"]) == set(TAGS)
    card = (tagger / "README.md").read_text("utf-8")
    assert f"| the tagger | {held['tagger']['macro_f1']:.2f} |" in card
    assert f"| B | {held['tagger']['tags']['B']['precision']:.2f} |" in card
    assert (
        json.loads((tagger / "epitome.json").read_text("utf-8"))["trained"]["threshold"] == held["threshold"]
    )


def test_numpy_says_what_torch_says_also_of_long_documents(tagger: Path) -> None:
    from transformers import AutoModelForTokenClassification

    text = " ".join(row["document"] for row in rows(30))
    words = HubTokenizer(tagger)
    made = cut(text, "en", words.encode)
    network = AutoModelForTokenClassification.from_pretrained(tagger).eval()
    found = SpanTagger(tagger).probabilities(text)
    assert found.shape == (len(places(text)), 4)
    assert np.allclose(found.sum(axis=1), 1, atol=1e-5)
    (start, end), *_ = windows(len(made.ids), 510)
    with torch.inference_mode():
        ids = torch.tensor([[2, *made.ids[start:end], 3]])
        right = network(input_ids=ids).logits[0].softmax(-1).numpy()
    inside = [at for at, first in enumerate(made.firsts) if first < 400]
    assert np.abs(found[inside] - right[[made.firsts[at] + 1 for at in inside]]).max() < 1e-4


def test_words_are_cut_as_the_tokenizer_cuts_them(tagger: Path) -> None:
    text = "Mr. O’Brien's R2-D2 (the “droid”) cost 3,000 €; 法院 opened."
    words = HubTokenizer(tagger)
    assert list(cut(text, "en", words.encode).ids) == words.encode(text)


def test_highlights_are_shown_with_their_places(tagger: Path, tmp_path: Path) -> None:
    document = rows(90)[87]["document"]
    (tmp_path / "letter.txt").write_text(document, "utf-8")
    shown = epitome("summarize", tmp_path / "letter.txt", "--model", tagger, "--style", "highlights")
    assert shown.returncode == 0, shown.stderr
    assert "marked these spans" in shown.stderr
    lines = shown.stdout.splitlines()
    assert lines
    for line in lines:
        place, _, text = line.partition(": ")
        start, end = map(int, place.split("-"))
        assert document[start:end] == text
    summary = json.loads(epitome("summarize", tmp_path / "letter.txt", "--model", tagger, "--json").stdout)
    assert [one["sources"][0]["text"] for one in summary["sentences"]] == summary["text"].split("\n")
    assert {"ferry", "117"} <= set(summary["text"].replace("\n", " ").split())
    assert (summary["kind"], summary["engine"]) == ("extractive", "spans")


def test_the_surest_words_are_kept_where_few_are_asked_for(tagger: Path) -> None:
    with Summarizer(str(tagger)) as summarizer:
        whole, short = (summarizer(rows(1)[0]["document"], words=words) for words in (None, Length(None, 2)))
    assert 0 < len(short.text.split()) <= 2 < len(whole.text.split())


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"style": "bullets"}, "writes no bullets"),
        ({"focus": "rain"}, "cannot follow --focus"),
        ({"language": "de"}, "cannot translate"),
    ],
)
def test_what_marking_cannot_do_is_refused(tagger: Path, fields: dict[str, str], said: str) -> None:
    with Summarizer(str(tagger)) as summarizer, pytest.raises(UsageError, match=said):
        summarizer(rows(1)[0]["document"], **fields)


def test_highlights_need_a_model_that_marks_them(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text(rows(1)[0]["document"], "utf-8")
    refused = epitome("summarize", tmp_path / "letter.txt", "--style", "highlights", "--model", "lead")
    assert refused.returncode == 2
    assert "lead marks no highlights" in one_line(refused)


def test_a_guide_chooses_what_is_read(tagger: Path) -> None:
    document = from_text(" ".join(row["document"] for row in rows(6)), language="en")
    request = Request(style="paragraph")
    opened = SpanTagger(tagger)
    picked = pick(document, Source(document), request, budget(document, request), guide(opened))
    assert picked is not None
    read = [document.text[slice(*span)] for span in sorted(picked.spans)]
    assert sum("ferry" in sentence for sentence in read) >= 5
    assert len(read) < 24
    assert "the guide marks" in picked.why
    focused = Request(style="paragraph", focus="umbrella")
    assert pick(document, Source(document), focused, budget(document, focused), guide(opened)) is None


def test_a_guided_model_reads_only_that(tagger: Path, tmp_path: Path) -> None:
    base = folders.llama(tmp_path / "llama")
    with Summarizer(str(base), engine="transformers", adapter=None).guided(str(tagger)) as summarizer:
        assert summarizer.identity.endswith(f":guide={tagger}")
        summary = summarizer(rows(1)[0]["document"], style="sentence", words=Length(1, 3))
    assert summary.read_share < 1
    assert any("the guide marks" in reason for reason in summary.reasons)
    with Summarizer("lead") as copies, pytest.raises(UsageError, match="it copies"):
        copies.guided(str(tagger))
    with Summarizer("lead") as copies, pytest.raises(UsageError):
        copies.guided(str(tmp_path / "none"))
    with pytest.raises(ModelError, match="tags no words"):
        SpanTagger(base)


def test_other_bases_and_methods_are_refused(
    bert: Path,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    data, llama = table(tmp_path / "t.jsonl", rows(6)), folders.llama(tmp_path / "llama")
    run = runner(monkeypatch, capsys)
    for base, method, said in (
        (llama, "full", "tags words, and llama is no encoder"),
        (bert, "lora", "trained as a whole"),
    ):
        options = ("--base", base, "--objective", "select", "--method", method, "-o", tmp_path / "out", "-q")
        code, line = run("train", data, *options)
        assert (code, said in line) == (2, True), line
        assert not (tmp_path / "out" / "epitome.json").exists()
    assert resolve(str(bert)).format == "encoder"


def test_the_first_sentences_as_tags() -> None:
    pair = Pair("It rained. The ferry was late. Ninety slept.", ("x",))
    assert lead(pair, 1) == [1, 3, 0, 0, 0, 0, 0, 0]
    assert lead(pair, 2) == [1, 3, 1, 2, 2, 3, 0, 0]
    assert lead(pair, 9) == [1, 3, 1, 2, 2, 3, 1, 3]
    assert len(lead(pair, 1)) == len(tags(pair.document, pair.summaries))


def test_a_threshold_decides_and_the_likeliest_of_the_others_is_taken() -> None:
    held = np.array([[0.7, 0.2, 0.05, 0.05], [0.4, 0.1, 0.3, 0.2]], np.float32)
    assert decided(held, 0.5) == [O, 2]
    assert decided(held, 0.2) == [B, 2]
