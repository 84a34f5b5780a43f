"""A sentence made shorter where it could have ended.

An engine that reports alternatives tells at every step how likely a full stop would have been: the cuts are taken
there. Where it does not, clauses are cut at commas and conjunctions.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

Alternatives = Sequence[Sequence[tuple[str, float]]]

_STOPS = {".", "。", ".\n", ".\n\n"}
_CLAUSE = re.compile(
    r",\s+(?:and|but|which|who|whose|while|where|as|with|after|before|including|despite|although|because|so|"
    r"making|leading|resulting|highlighting|showing)\b|,\s|\s+(?:which|while|because|although|after|before)\s|[，；]"
)
_DANGLING = re.compile(
    r"\b(?:a|an|the|of|to|in|on|at|by|for|from|with|and|or|but|nor|as|that|which|who|whose|than|if|its|his|her|their|our|"
    r"my|your|this|these|those|is|are|was|were|be|been|has|have|had|will|would|can|could|may|might|must|shall|should|"
    r"not|no|into|onto|between|among|against|during|via|Mr|Mrs|Ms|Dr|Prof|St|No|vs|etc|e\.g|i\.e|cf)$",
    re.IGNORECASE,
)
_OPENING = re.compile(
    r"(?:after|although|though|as|at|because|before|by|despite|during|following|for|from|given|if|in|on|since|"
    r"through|to|under|unlike|until|when|whereas|while|with|without|according|based)\b",
    re.IGNORECASE,
)
"""What begins a clause that says nothing alone: "After a debate in the council" is cut at no first comma."""
_LAST_MEMBER = re.compile(r",\s+(?:and|or)\b")
_MEMBER = re.compile(r",\s+(?:\w[\w'’-]*\s+){0,5}\w[\w'’-]*$")
_SUBORDINATE = re.compile(r"(?:among|such|like|especially|particularly|according|said|say)\b")
_PAIRS = tuple(zip("([“（《「", ")]”）》」", strict=True))
_BREAK = re.compile(r"\s|[,;:)—–](?!\d)|[，；：、]|(?<=[一-鿿])")
"""Where a word ends and the sentence goes on: not inside "3.5", "3,000" or "U.S. dollars"."""
LEAST_LIKELY = -5.0
"""Below that a full stop is not among what the model considered: on SciTLDR train such cuts are torn sentences."""
CLAUSE_LIKELIHOOD = -4.0
"""What a cut by rule counts as, between the cuts that the model likes and those it does not."""


def cuts(
    sentence: str, steps: Sequence[str] = (), alternatives: Alternatives = (), *, least_words: int = 4
) -> list[tuple[str, float]]:
    """Shorter versions of a sentence, each with the log-likelihood of ending there.

    `steps` are the answer's tokens as text and `alternatives` what else could have stood at each of them.
    """
    found: dict[str, float] = {}
    text = ""
    for step, others in zip(steps, alternatives, strict=False):
        likely = max((score for token, score in others if token in _STOPS), default=LEAST_LIKELY)
        prefix = text.strip()
        whole_words = sentence.startswith(prefix) and _BREAK.match(sentence, len(prefix))
        if likely > LEAST_LIKELY and prefix and whole_words and _may_end(prefix, least_words):
            found[_closed(prefix)] = likely
        text += step
    for match in _CLAUSE.finditer(sentence):
        prefix = sentence[: match.start()].strip()
        clause = _OPENING.match(prefix) and "," not in prefix
        if (
            not clause
            and not _in_list(prefix, match.group(), sentence[match.end() :])
            and _may_end(prefix, least_words + 2)
        ):
            found.setdefault(_closed(prefix), CLAUSE_LIKELIHOOD)
    found.pop(sentence, None)
    return list(found.items())


def dangles(sentence: str) -> bool:
    """Whether it ends in a word that nothing ends in: "The mill is", "paid by the".

    >>> dangles("The mill is"), dangles("The mill burned")
    (True, False)
    """
    return _DANGLING.search(sentence) is not None


def _in_list(prefix: str, mark: str, rest: str) -> bool:
    """Whether the cut would fall between the members of a list: "a band, a class, and a dog" is not cut."""
    if mark.strip() == ",":
        return _LAST_MEMBER.search(rest) is not None and not _SUBORDINATE.match(rest)
    opened = _OPENING.match(prefix) and prefix.count(",") == 1
    return bool(_LAST_MEMBER.match(mark)) and not opened and _MEMBER.search(prefix) is not None


def _closed(prefix: str) -> str:
    return prefix.rstrip(",;:，；：、 ") + ("。" if re.search(r"[一-鿿]", prefix) else ".")


def _may_end(prefix: str, least_words: int) -> bool:
    if prefix.count('"') % 2 or any(prefix.count(opening) != prefix.count(end) for opening, end in _PAIRS):
        return False
    if re.search(r"[一-鿿]", prefix):
        return len(prefix) >= 2 * least_words
    return len(prefix.split()) >= least_words and not dangles(prefix) and prefix[-1].isalnum()
