"""Find personal data in a text and put placeholders in its place."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from importlib import import_module

from epitome.errors import UsageError
from epitome.trust.masking.found import KINDS, Found, Kind, Recogniser
from epitome.trust.masking.masked import APART, Masked, Register, reserve

_RECOGNISERS: dict[Kind, str] = {
    "person": "epitome.trust.masking.persons:persons",
    "email": "epitome.trust.masking.emails:emails",
    "phone": "epitome.trust.masking.phones:phones",
    "card": "epitome.trust.masking.cards:cards",
    "iban": "epitome.trust.masking.ibans:ibans",
    "id": "epitome.trust.masking.identities:identities",
    "passport": "epitome.trust.masking.passports:passports",
    "ip": "epitome.trust.masking.networks:networks",
    "url": "epitome.trust.masking.links:links",
    "birth": "epitome.trust.masking.births:births",
    "address": "epitome.trust.masking.addresses:addresses",
}
_FIRST: tuple[Kind, ...] = (
    "url",
    "email",
    "iban",
    "id",
    "passport",
    "card",
    "ip",
    "birth",
    "phone",
    "address",
    "person",
)
"""Of two kinds for the same characters the earlier one."""


class Masker:
    """Masks texts: names of persons, addresses, numbers.

    >>> Masker(kinds=["email"])("Ask Sarah Lee, sarah@example.org.").text
    'Ask Sarah Lee, <EMAIL_1>.'

    Args:
        kinds: what to mask, of `KINDS`; all by default.
        model: an installed NER model that finds persons beside the rules: `spacy:NAME`, or the folder of a
            transformers model for token classification. Nothing is downloaded.

    Raises:
        UsageError: there is no such kind.
        ModelError: the model is not installed, or is none of that sort.
    """

    def __init__(self, kinds: Iterable[str] = KINDS, model: str | None = None) -> None:
        asked = list(kinds)
        for name in asked:
            if name not in KINDS:
                raise UsageError(f"{name!r}: no kind of personal data", hint=f"of {', '.join(KINDS)}")
        self.kinds = [kind for kind in KINDS if kind in asked]
        self.model = model
        self._persons = None if model is None else _with_model(model)

    @cached_property
    def _recognisers(self) -> list[Recogniser]:
        """Loaded when first asked: their patterns take a third of a second to compile."""
        loaded = [_recogniser(kind) for kind in self.kinds if kind != "person"]
        if "person" in self.kinds:
            loaded.append(self._persons or _recogniser("person"))
        return loaded

    @property
    def identity(self) -> str:
        """What a masked text depends on besides the text."""
        return f"{','.join(self.kinds)}:{self.model or 'rules'}"

    def several(self, texts: Sequence[str]) -> list[str]:
        """Several texts as if they were one: who has a number in one has it in all."""
        masked = self(APART.join(texts))
        return list(masked.cut(texts))

    def __call__(self, text: str, *, for_model: bool = False) -> Masked:
        """The text, masked. `for_model` writes `PERSON_1` for `<PERSON_1>`."""
        register = Register()
        reserve(register, text)
        found = [one for recogniser in self._recognisers for one in recogniser(text)]
        return Masked(text, _apart(found), register, for_model=for_model)


def _recogniser(kind: Kind) -> Recogniser:
    module, _, name = _RECOGNISERS[kind].partition(":")
    recogniser: Recogniser = getattr(import_module(module), name)
    return recogniser


def _with_model(model: str) -> Recogniser:
    from epitome.trust.masking.persons import by_model

    return by_model(model)


def _apart(found: Sequence[Found]) -> list[Found]:
    """What is found, in order and without overlaps. What overlaps becomes one, so that nothing of it is left open."""
    apart: list[Found] = []
    for one in sorted(found, key=lambda one: (one.start, -one.end)):
        if apart and one.start < apart[-1].end:
            apart[-1] = _joined(apart[-1], one)
        else:
            apart.append(one)
    return apart


def _joined(one: Found, other: Found) -> Found:
    longer = min(one, other, key=lambda each: (each.start - each.end, _FIRST.index(each.kind)))
    return Found(one.start, max(one.end, other.end), longer.kind, longer.key)
