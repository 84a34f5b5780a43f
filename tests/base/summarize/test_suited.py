"""`--adapter auto`: the adapter that was trained on such texts, or none."""

from __future__ import annotations

import pytest
from tests.base.documents.test_kinds import ABSTRACT, MEETING

from epitome import Request, Summarizer
from epitome.documents import from_text
from epitome.errors import UsageError
from epitome.models.folder import Trained, Worn, called
from epitome.models.resolve import resolve
from epitome.summarize.suited import closet, suited
from epitome.types import Length

NARROW = Worn("m", "narrow", Trained("m", "lora", domains=("papers",)))
BROAD = Worn("m", "broad", Trained("m", "lora", domains=("papers", "meeting"), requests=True))


@pytest.mark.parametrize(
    ("text", "request_", "adapter"),
    [
        (ABSTRACT, Request(), "narrow"),
        (ABSTRACT, Request(style="tldr"), "narrow"),
        (ABSTRACT, Request(sentences=Length(1, 1)), "narrow"),
        (ABSTRACT, Request(style="bullets"), "broad"),
        (ABSTRACT, Request(focus="dictionaries"), "broad"),
        (ABSTRACT, Request(language="zh"), None),
        (MEETING, Request(), "broad"),
        ("A fox crossed the yard at night and took a hen.", Request(), None),
    ],
)
def test_the_most_specialised_that_knows_text_and_request(
    text: str, request_: Request, adapter: str | None
) -> None:
    worn = suited(from_text(text), request_, [BROAD, NARROW])
    assert (worn.adapter if worn else None) == adapter


def test_it_is_put_on_only_where_it_suits() -> None:
    careful = Worn(
        "m", "careful", Trained("m", "lora", domains=("papers", "meeting"), suits=("meeting",), requests=True)
    )
    assert suited(from_text(ABSTRACT), Request(), [careful]) is None
    assert suited(from_text(MEETING), Request(), [careful]) == careful


def test_shipped_adapters_are_of_one_base() -> None:
    assert "tldr" in {called(worn.adapter) for worn in closet(resolve("default"))}
    assert closet(resolve("lead")) == []


def test_documents_of_one_batch_get_the_adapter_that_suits_each() -> None:
    with Summarizer(engine="llamacpp") as summarizer:
        fox = "The fox came at night. It crossed the yard and took a hen. In the morning the farmer mended the fence."
        found = [str(getattr(one, "adapter", one)) for one in summarizer.batch([ABSTRACT, fox], candidates=2)]
        alone = summarizer(ABSTRACT, candidates=2)
    assert found == ["tldr", "None"]
    with Summarizer(engine="llamacpp", adapter="tldr") as named:
        assert named(ABSTRACT, candidates=2).text == alone.text


def test_each_request_may_name_its_own() -> None:
    with Summarizer(engine="llamacpp") as summarizer:
        assert summarizer(ABSTRACT, adapter="none").adapter is None
        assert summarizer(ABSTRACT, adapter="plain").adapter == "plain"
        with pytest.raises(UsageError, match="no adapter 'mine'"):
            summarizer(ABSTRACT, adapter="mine")


def test_examples_are_put_before_the_bare_base() -> None:
    with Summarizer(engine="llamacpp", examples=[("The owl sleeps by day.", "An owl.")]) as summarizer:
        assert summarizer.closet == []
        assert summarizer(ABSTRACT).adapter is None
