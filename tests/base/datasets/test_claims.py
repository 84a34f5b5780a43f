from __future__ import annotations

from epitome.datasets.claims import claims
from epitome.datasets.pair import Pair

PAIRS = [
    Pair(
        "Dr Berg saw the patient in March 2021 at Port Elspeth. The wound had not healed, and she gave him 20 tablets. "
        "Later the young doctor asked Erik Dahl to change the bandage, because the old nurse was ill.",
        (
            "In March 2021, at Port Elspeth, the wound had not healed. She gave him 20 tablets before he went home.",
        ),
        id="visit",
    ),
    Pair(
        "The council of Arden voted 7 to 2 to close the pool in June. Councillor Ruth Bell was against the plan.",
        (
            "The council voted to close the pool in June. The mayor of Kell was happy with the result, it is said.",
        ),
        id="pool",
    ),
] * 12


def test_true_sentences_stand_and_each_wrong_one_differs_in_its_span() -> None:
    found = list(claims(PAIRS))
    true = {claim.text for claim in found if not claim.wrong}
    assert true
    for claim in found:
        assert all(0 <= start < end <= len(claim.text) for start, end in claim.wrong)
        if claim.kind in ("gold", "document"):
            assert claim.wrong == ()
        elif claim.kind != "foreign":
            [(start, end)] = claim.wrong
            around = claim.text[:start], claim.text[end:]
            assert any(one.startswith(around[0]) and one.endswith(around[1]) for one in true)
            assert claim.text not in true


def test_golds_with_facts_that_the_document_lacks_are_not_called_true() -> None:
    assert not any("mayor of Kell" in claim.text and not claim.wrong for claim in claims(PAIRS))


def test_kinds_are_many_and_the_same_seed_gives_the_same() -> None:
    kinds = {claim.kind for claim in claims(PAIRS)}
    assert {"gold", "document", "foreign", "negation", "number", "date", "opposite", "content"} <= kinds
    assert list(claims(PAIRS, 1)) == list(claims(PAIRS, 1))
    assert list(claims(PAIRS, 1)) != list(claims(PAIRS, 2))
