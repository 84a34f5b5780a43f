"""Documents and requests under a mask, and summaries on the way back."""

from __future__ import annotations

import json
from pathlib import Path

from tests.base.engines.servers import Answer, models, serving, writing

from epitome import Document, Request, Summarizer
from epitome.documents import read
from epitome.serve.client import Client
from epitome.trust.check import Source
from epitome.trust.masking import Masker, Masking
from epitome.types import Sentence, Summary

LETTER = """# Notes on Sarah Lee

Sarah Lee crossed to Kell with the first ferry. The county had paid for its engine.

## The call

Lee rang Dr Okwu at (212) 555-0147 and wrote to okwu@example.org. Okwu promised 40,000 euros for a second ferry.
"""
NAMES = ("Lee", "Sarah", "Okwu", "555", "okwu@")


def document(folder: Path) -> Document:
    path = folder / "letter.md"
    path.write_text(LETTER, "utf-8")
    return read(path)


def test_places_of_the_masked_document_are_those_of_the_original(tmp_path: Path) -> None:
    original = document(tmp_path)
    seen = Masking(Masker())(original).over(Request()).document
    assert not any(name in seen.text + seen.title for name in NAMES)
    assert [section.level for section in seen.sections] == [section.level for section in original.sections]
    assert seen.sections[0].title == "Notes on PERSON_1"
    assert seen.text[seen.sections[1].start :].startswith("The call")
    assert [origin.paragraph for origin in seen.origins] == [1, 2, 3, 4]
    for one, other in zip(seen.origins, original.origins, strict=True):
        assert one.start == 0 or (
            seen.text[one.start - 2 : one.start],
            original.text[other.start - 2 : other.start],
        ) == (
            "\n\n",
            "\n\n",
        )


def test_the_request_speaks_of_the_same_people(tmp_path: Path) -> None:
    asked = Request(
        focus="What did Okwu promise?", mention=("Sarah", "engine"), glossary=("Kell", "Mr Brown")
    )
    seen = Masking(Masker())(document(tmp_path)).over(asked).request
    assert seen.focus == "What did PERSON_2 promise?"
    assert seen.mention == ("PERSON_1", "engine")
    assert seen.glossary == ("Kell", "Mr PERSON_3")


def test_sources_are_the_documents_own(tmp_path: Path) -> None:
    original = document(tmp_path)
    with Summarizer("lexrank") as summarizer:
        hidden = summarizer(Masking(Masker())(original), sentences=2)
        shown = summarizer(Masking(Masker(), restores=True)(original), sentences=2)
    assert hidden.masked == shown.masked == {"person": 2, "email": 1, "phone": 1}
    assert "<PERSON_" in hidden.text
    assert "PERSON" not in shown.text
    assert "Sarah Lee" in shown.text
    assert not any(name in json.dumps(hidden.as_dict()) for name in NAMES)
    for one, other in zip(hidden.sentences, shown.sentences, strict=True):
        assert one.support == other.support
        for span, restored in zip(one.sources, other.sources, strict=True):
            assert (span.start, span.end, span.paragraph) == (
                restored.start,
                restored.end,
                restored.paragraph,
            )
            assert restored.text == original.text[span.start : span.end]
            assert original.origin(span.start) is not None


def test_facts_keep_their_places_in_the_sentence() -> None:
    covered = Masking(Masker(), restores=True)("Sarah Lee paid 40 euros to Dr Okwu.").over(Request())
    (sentence,) = Source(covered.document).check("PERSON_1 paid 70 euros to PERSON_7.")
    (told,) = covered.summary(Summary("PERSON_1 paid 70 euros to PERSON_7.", [sentence])).sentences
    assert told.text == "Sarah Lee paid 70 euros to PERSON_7."
    assert [(fact.kind, told.text[fact.start : fact.end]) for fact in told.facts] == [
        ("number", "70"),
        ("name", "PERSON_7"),
    ]


def test_the_model_sees_no_name_and_the_reader_does(tmp_path: Path) -> None:
    answer = writing("PERSON_1 crossed to Kell with the first ferry, whose engine the county had paid for.")
    asked = Request(style="sentence", focus="Sarah Lee")
    with serving(answer) as server, Summarizer(server.url) as summarizer:
        original = document(tmp_path)
        hidden = summarizer(Masking(Masker())(original), asked)
        shown = summarizer(Masking(Masker(), restores=True)(original), asked)
        stream = summarizer.stream(Masking(Masker(), restores=True)(original), asked)
        pieces = "".join(stream)
        sent = json.dumps([body for _, _, _, body in server.seen])
    assert "PERSON_1" in sent
    assert not any(name in sent for name in NAMES)
    assert hidden.text.startswith("<PERSON_1> crossed")
    assert shown.text.startswith("Sarah Lee crossed")
    assert not any(name in json.dumps(hidden.as_dict()) for name in NAMES)
    assert "PERSON" not in json.dumps(shown.as_dict())
    assert stream.summary is not None
    assert pieces == stream.summary.text == shown.text


def test_a_name_beside_a_digit_keeps_its_brackets() -> None:
    covered = Masking(Masker())("原告张伟5岁，张伟说。").over(Request())
    assert covered.document.text == "原告<PERSON_1>5岁，PERSON_1说。"


def test_a_service_elsewhere_never_has_the_names(tmp_path: Path) -> None:
    written = Summary("PERSON_1 crossed to Kell.", [Sentence("PERSON_1 crossed to Kell.", 0.9)], masked={})

    def answer(method: str, path: str, before: int) -> Answer | None:
        return models("m") if path == "/v1/models" else (200, {}, json.dumps(written.as_dict()))

    original = document(tmp_path)
    with serving(answer) as server, Client(server.url, "key") as service:
        summary = service(Masking(Masker(), restores=True)(original), focus="Sarah Lee")
        sent = json.dumps([body for _, _, _, body in server.seen])
    assert summary.text == summary.sentences[0].text == "Sarah Lee crossed to Kell."
    assert summary.masked == {"person": 2, "email": 1, "phone": 1}
    assert summary.title == original.title
    assert "PERSON_1" in sent
    assert not any(name in sent for name in NAMES)
