"""Names of persons, in whatever language a text mixes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from epitome.trust.masking import caseless, chinese, english
from epitome.trust.masking.found import Found, Recogniser
from epitome.trust.masking.people import Mention, linked


def persons(text: str) -> Iterator[Found]:
    """All mentions, those of one person under one key."""
    western: Iterable[Mention] = caseless.names(text) if caseless.caseless(text) else english.names(text)
    return linked([*western, *chinese.names(text)])


def by_model(model: str) -> Recogniser:
    """The rules, and an installed NER model beside them: what either finds is a name. Raises `ModelError`."""
    from epitome.engines.ner import person_finder

    find = person_finder(model)

    def persons(text: str) -> Iterator[Found]:
        spans = [(start, end) for start, end in find(text) if text[start:end].strip()]
        han = {span for span in spans if re.search("[\u4e00-\u9fff]", text[slice(*span)])}
        latin = [span for span in spans if span not in han]
        small = caseless.names(text) if caseless.caseless(text) else ()
        return linked([*english.names(text, latin), *chinese.names(text, sorted(han)), *small])

    return persons
