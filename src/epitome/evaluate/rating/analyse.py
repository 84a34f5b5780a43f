"""What a study says: means with intervals, who beats whom beyond chance, and how far the raters agree.

Documents are resampled, not ratings: several people's ratings of one document are not as many documents.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import combinations
from statistics import median
from typing import Any

from epitome.evaluate.rating.store import Rating
from epitome.evaluate.rating.study import Item, Plan
from epitome.metrics.agreement import alpha_interval
from epitome.metrics.bootstrap import Paired, holm, interval, paired


@dataclass(frozen=True, slots=True)
class Standing:
    """One system in one question: its mean rating, or the share of comparisons that it wins (ties count half)."""

    system: str
    question: str
    mean: float
    low: float
    high: float
    documents: int


@dataclass(frozen=True, slots=True)
class Duel:
    """System `a` beside system `b` in one question: mean difference, or share of wins minus share of losses."""

    a: str
    b: str
    question: str
    difference: float
    low: float
    high: float
    p: float
    corrected: float
    """After Holm's correction over all duels in this question."""
    wins: int
    """Ratings in which `a` was better."""
    ties: int
    losses: int
    documents: int


@dataclass(frozen=True, slots=True)
class Agreement:
    """Krippendorff's alpha in one question; nominal in a pairwise study, ordinal in a Likert one."""

    question: str
    alpha: float
    low: float
    high: float


@dataclass(slots=True)
class Findings:
    """Everything; `as_dict()` is what `epitome rate --json` writes."""

    plan: Plan
    items: int
    finished: int
    """Items that have all the ratings they are to have."""
    ratings: int
    raters: dict[str, int]
    """Items a rater has judged."""
    seconds: float | None
    """Median time for an item."""
    standings: list[Standing] = field(default_factory=list)
    duels: list[Duel] = field(default_factory=list)
    agreement: list[Agreement] = field(default_factory=list)
    comments: list[tuple[int, str]] = field(default_factory=list)
    """Item and text."""

    def as_dict(self) -> dict[str, Any]:
        """Ready for `json.dumps`."""
        return asdict(self)


def analyse(plan: Plan, items: Sequence[Item], ratings: Sequence[Rating], seed: int = 0) -> Findings:
    """What the ratings so far say."""
    by_item: dict[int, dict[str, list[Rating]]] = defaultdict(lambda: defaultdict(list))
    for one in ratings:
        by_item[one.item][one.rater].append(one)
    judged: dict[str, int] = defaultdict(int)
    for raters in by_item.values():
        for rater in raters:
            judged[rater] += 1
    first = [answers[0] for raters in by_item.values() for answers in raters.values()]
    found = Findings(
        plan,
        len(items),
        sum(len(by_item[one.number]) >= plan.raters for one in items if one.number in by_item),
        len(first),
        dict(sorted(judged.items())),
        median(one.seconds for one in first) if first else None,
        comments=[(one.item, one.comment) for one in first if one.comment],
    )
    where = {one.number: one for one in items}
    for at, question in enumerate(plan.questions):
        answers = [one for one in ratings if one.question == at and one.item in where]
        if answers:
            _question(found, question, answers, where, seed)
    return found


def _question(
    found: Findings, question: str, answers: Sequence[Rating], where: Mapping[int, Item], seed: int
) -> None:
    pairwise = found.plan.mode == "pairwise"
    if pairwise:
        found.standings += _wins(found.plan, question, answers, where, seed)
        tested = _beside(found.plan, answers, where, seed)
    else:
        means = _by_document(answers, lambda one: where[one.item].systems[0], where)
        found.standings += [
            Standing(name, question, *interval(list(means[name].values()), seed=seed), len(means[name]))
            for name in found.plan.systems
            if means.get(name)
        ]
        tested = _between(found.plan, means, answers, where, seed)
    corrected = holm([test.p for _, _, test, _, _ in tested])
    found.duels += [
        Duel(a, b, question, test.difference, test.low, test.high, test.p, p, *counts, documents)
        for (a, b, test, counts, documents), p in zip(tested, corrected, strict=True)
    ]
    units: dict[int, dict[str, float]] = defaultdict(dict)
    for one in answers:
        units[one.item][one.rater] = one.value
    agreed = alpha_interval(
        [list(unit.values()) for unit in units.values()], "nominal" if pairwise else "ordinal", seed=seed
    )
    if agreed is not None:
        found.agreement.append(Agreement(question, *agreed))


Test = tuple[str, str, Paired, tuple[int, int, int], int]
"""Two systems, the test of their difference, wins, ties and losses of the first, documents."""


def _by_document(
    answers: Iterable[Rating], group: Callable[[Rating], str], where: Mapping[int, Item]
) -> dict[str, dict[str, float]]:
    """By group, by document: the mean rating."""
    values: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for one in answers:
        values[group(one)][where[one.item].document].append(one.value)
    return {
        name: {document: sum(held) / len(held) for document, held in documents.items()}
        for name, documents in values.items()
    }


def _wins(
    plan: Plan, question: str, answers: Sequence[Rating], where: Mapping[int, Item], seed: int
) -> list[Standing]:
    """Each system's share of wins over all its comparisons, ties counted half."""
    standings = []
    for name in plan.systems:
        values: dict[str, list[float]] = defaultdict(list)
        for one in answers:
            first, second = where[one.item].systems
            if name in (first, second):
                values[where[one.item].document].append(
                    (1 + (one.value if name == first else -one.value)) / 2
                )
        if values:
            means = [sum(held) / len(held) for held in values.values()]
            standings.append(Standing(name, question, *interval(means, seed=seed), len(means)))
    return standings


def _beside(plan: Plan, answers: Sequence[Rating], where: Mapping[int, Item], seed: int) -> list[Test]:
    tested: list[Test] = []
    for a, b in combinations(plan.systems, 2):
        own = [one for one in answers if where[one.item].systems == (a, b)]
        if own:
            means = list(_by_document(own, lambda _: "", where)[""].values())
            test = paired(means, [0.0] * len(means), seed=seed)
            tested.append((a, b, test, _counts([one.value for one in own]), len(means)))
    return tested


def _between(
    plan: Plan,
    means: Mapping[str, Mapping[str, float]],
    answers: Sequence[Rating],
    where: Mapping[int, Item],
    seed: int,
) -> list[Test]:
    said = {(where[one.item].systems[0], where[one.item].document, one.rater): one.value for one in answers}
    tested: list[Test] = []
    for a, b in combinations(plan.systems, 2):
        ours, theirs = means.get(a, {}), means.get(b, {})
        both = [document for document in ours if document in theirs]
        if both:
            test = paired([ours[one] for one in both], [theirs[one] for one in both], seed=seed)
            gaps = [
                value - said[b, document, rater]
                for (name, document, rater), value in said.items()
                if name == a and (b, document, rater) in said
            ]
            tested.append((a, b, test, _counts(gaps), len(both)))
    return tested


def _counts(gaps: Sequence[float]) -> tuple[int, int, int]:
    return sum(gap > 0 for gap in gaps), sum(gap == 0 for gap in gaps), sum(gap < 0 for gap in gaps)
