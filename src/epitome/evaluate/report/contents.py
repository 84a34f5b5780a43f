"""What a report holds, whatever its form: tables of texts and figures, made once for HTML and Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from epitome.evaluate.compare import CERTAIN, verdict
from epitome.evaluate.measures import GROUPS, MEASURES
from epitome.evaluate.perturb import KEEPS_MEANING
from epitome.evaluate.result import Breakdown, Comparison, Evaluation, Example, Figure, SystemResult

TITLES = {
    "rouge": "Beside the gold summaries: ROUGE",
    "overlap": "Beside the gold summaries: BLEU and chrF",
    "encoder": "By meaning: BERTScore and similarity",
    "source": "Beside the source",
    "facts": "Is it in the source?",
    "abstractiveness": "How much is copied",
    "fluency": "How it reads",
    "length": "How long it is",
}
COMPARED = ("rouge1", "rouge2", "rougeL", "bertscore", "support")
"""Measures whose comparisons come first."""
BREAKDOWN = ("rouge1", "rouge2", "rougeL", "bertscore", "support", "unsupported", "words")
DOCUMENT, SUMMARY = 20_000, 5_000
"""Characters of a document and of a summary that an example shows."""
BY = {"domain": "By domain", "lang": "By language", "length": "By length of the document"}


@dataclass(frozen=True, slots=True)
class Cell:
    """A figure in a table."""

    figure: Figure
    best: bool = False
    """Better than every other system that copies no gold, beyond chance."""
    signed: bool = False
    """A difference, shown with its sign."""


@dataclass(frozen=True, slots=True)
class Name:
    """A row's name with a remark on it."""

    text: str
    remark: str


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under columns; the first column names the row. Cells are texts, numbers, `Cell`s or `Name`s."""

    title: str
    columns: tuple[str, ...]
    rows: list[tuple[object, ...]]
    note: str = ""
    about: list[str] = field(default_factory=list)


def groups(evaluation: Evaluation) -> list[Table]:
    """One table for each group of measures that was computed: systems down, measures across."""
    scored = [one for one in evaluation.systems if one.figures]
    best = _best(evaluation)
    found: list[Table] = []
    for group in GROUPS:
        names = [
            name
            for name, one in MEASURES.items()
            if one.group == group and any(name in s.figures for s in scored)
        ]
        if names:
            rows: list[tuple[object, ...]] = [
                (one.name, *(_cell(one, name, best) for name in names)) for one in scored
            ]
            if group == "rouge":
                rows += _published(evaluation, names)
            note = "" if found else _note(evaluation)
            found.append(Table(TITLES[group], ("system", *_labels(names)), rows, note, _about(names)))
    return found


def _note(evaluation: Evaluation) -> str:
    note = "Means over documents, with 95 % intervals (percentile bootstrap)."
    if not evaluation.comparisons:
        return note
    return (
        f"{note} In bold: the best, where it differs from {evaluation.comparisons[0].b} beyond chance and its interval "
        "is clear of every other system's. An oracle has seen the gold summaries and does not compete."
    )


def _cell(one: SystemResult, metric: str, best: set[tuple[str, str]]) -> Cell | None:
    return Cell(one.figures[metric], (one.name, metric) in best) if metric in one.figures else None


def _labels(names: Iterable[str]) -> list[str]:
    return [MEASURES[name].label for name in names]


def _about(names: Iterable[str]) -> list[str]:
    ways = {"higher": "higher is better", "lower": "lower is better", None: "neither end is better"}
    return [
        f"{MEASURES[name].label}: {', '.join(filter(None, (MEASURES[name].about, MEASURES[name].unit)))}; "
        f"{ways[MEASURES[name].better]}"
        for name in names
    ]


def _published(evaluation: Evaluation, names: Sequence[str]) -> list[tuple[object, ...]]:
    return [
        (Name(one.system, f"published: {one.split}"), *(one.figures.get(name) for name in names))
        for one in evaluation.published
    ]


def _best(evaluation: Evaluation) -> set[tuple[str, str]]:
    """System and metric where one is really better than all others.

    Only differences from the reference are tested; from a third system, intervals that do not meet are asked for,
    which is stricter than a paired test.
    """
    rivals = [one for one in evaluation.systems if one.figures and one.kind != "oracle"]
    found = set()
    for metric in {one.metric for one in evaluation.comparisons}:
        ordered = sorted(
            (one for one in rivals if metric in one.figures),
            key=lambda one: one.figures[metric].mean,
            reverse=MEASURES[metric].better == "higher",
        )
        if len(ordered) < 2:
            continue
        tests = {one.a: one for one in evaluation.comparisons if one.metric == metric}
        top, *others = ordered
        if all(_ahead(top, other, metric, tests) for other in others):
            found.add((top.name, metric))
    return found


def _ahead(top: SystemResult, other: SystemResult, metric: str, tests: Mapping[str, Comparison]) -> bool:
    reference = next(iter(tests.values())).b
    if other.name == reference:
        return top.name in tests and verdict(tests[top.name]) == "yes"
    if top.name == reference:
        return other.name in tests and verdict(tests[other.name]) == "no"
    ours, theirs = top.figures[metric], other.figures[metric]
    return ours.low > theirs.high or ours.high < theirs.low


def comparisons(evaluation: Evaluation) -> list[Table]:
    """Every tested difference, with its verdict: those in the main measures, then the others."""
    main = [one for one in evaluation.comparisons if one.metric in COMPARED]
    others = [one for one in evaluation.comparisons if one.metric not in COMPARED]
    held = [(main, ""), (others, ", in the other measures")]
    return [_compared(tests, which) for tests, which in held if tests]


def _compared(tests: Sequence[Comparison], which: str) -> Table:
    reference = tests[0].b
    rows: list[tuple[object, ...]] = [
        (
            one.a,
            MEASURES[one.metric].label,
            Cell(Figure(one.difference, one.low, one.high, 0), signed=True),
            _p(one.p),
            _p(one.corrected),
            verdict(one),
        )
        for one in tests
    ]
    return Table(
        f"Compared with {reference}{which}",
        ("system", "metric", f"difference from {reference}", "p", "p, corrected", "better?"),
        rows,
        "Paired on the same documents. Interval by paired bootstrap, p by approximate randomisation (two-sided), "
        "corrected by Holm for the number of systems. "
        f"Better or worse is said where p, corrected, is below {CERTAIN}.",
    )


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def breakdowns(evaluation: Evaluation) -> list[Table]:
    """One table a way to divide the data: parts down, with each system's main figures."""
    found = []
    for by in dict.fromkeys(part.by for part in evaluation.breakdowns):
        parts = [part for part in evaluation.breakdowns if part.by == by]
        names = [
            name for name in BREAKDOWN if any(name in one for part in parts for one in part.figures.values())
        ]
        rows = [row for part in parts for row in _part_rows(part, names)]
        found.append(Table(BY.get(by, by), ("part", "system", "documents", *_labels(names)), rows))
    return found


def _part_rows(part: Breakdown, names: Sequence[str]) -> list[tuple[object, ...]]:
    return [
        (part.value, system, part.n, *(Cell(figures[name]) if name in figures else None for name in names))
        for system, figures in part.figures.items()
    ]


def perturbations(evaluation: Evaluation) -> Table | None:
    """How far the summaries of changed documents move, and whether they should."""
    if not evaluation.perturbations:
        return None
    metrics = [
        name
        for name in ("rouge1", "support", "unsupported")
        if any(name in one.quality for one in evaluation.perturbations)
    ]
    rows: list[tuple[object, ...]] = [
        (
            one.system,
            one.kind,
            "stay" if KEEPS_MEANING.get(one.kind, True) else "move",
            one.documents,
            Cell(one.moved),
            *(Cell(one.quality[name], signed=True) if name in one.quality else None for name in metrics),
        )
        for one in evaluation.perturbations
    ]
    return Table(
        "On changed documents",
        (
            "system",
            "change",
            "the summary should",
            "documents changed",
            "it moved by",
            *(f"{label}, change" for label in _labels(metrics)),
        ),
        rows,
        "Moved: 100 minus ROUGE-L between the summary of the changed and of the unchanged document, in points.",
    )


def failures(evaluation: Evaluation) -> Table | None:
    """Which documents a system has no summary for: up to ten each, and how many there are."""
    rows: list[tuple[object, ...]] = []
    for one in evaluation.systems:
        failed = [output for output in one.outputs if output.error]
        rows += [(one.name, output.id, output.error) for output in failed[:10]]
        if len(failed) > 10:
            rows.append((one.name, f"and {len(failed) - 10:,} more", ""))
    note = "A document without a summary counts as zero beside the gold summaries; it is not left out."
    return Table("Without a summary", ("system", "document", "why"), rows, note) if rows else None


def systems(evaluation: Evaluation) -> Table:
    """What each system is."""
    rows: list[tuple[object, ...]] = [
        (
            one.name,
            one.kind,
            one.identity,
            one.prompt,
            sum(bool(output.text) for output in one.outputs),
            sum(output.cached for output in one.outputs),
            round(one.seconds, 1),
        )
        for one in evaluation.systems
    ]
    return Table(
        "The systems",
        ("system", "kind", "identity", "prompt", "summaries", "of them kept from before", "seconds"),
        rows,
    )


def bad_rows(evaluation: Evaluation) -> Table | None:
    """Rows of the data that are no pair."""
    rows: list[tuple[object, ...]] = [(row["line"], row["reason"]) for row in evaluation.data.get("bad", [])]
    return Table("Rows passed over", ("line", "why"), rows) if rows else None


def title(evaluation: Evaluation) -> str:
    """The end of a long path is enough to know it by; the whole stands below."""
    source = str(evaluation.data.get("source", ""))
    return "Evaluation on " + "/".join(source.replace("\\", "/").split("/")[-2:])


def data(evaluation: Evaluation) -> list[tuple[str, str]]:
    """The data in a few lines."""
    held = evaluation.data
    mixes = [(name, held.get(name) or {}) for name in ("languages", "domains")]
    return [
        ("source", str(held.get("source", ""))),
        ("documents", f"{held.get('n', 0):,}"),
        ("rows passed over", f"{len(held.get('bad', [])):,}"),
        ("gold summaries", f"{held.get('golds', 1):.2f} a document"),
        *(
            (name, ", ".join(f"{value} {count:,}" for value, count in list(mix.items())[:20]))
            for name, mix in mixes
            if mix
        ),
        ("fingerprint", str(held.get("fingerprint", ""))),
    ]


def made(evaluation: Evaluation) -> list[tuple[str, str]]:
    """Settings, versions and date: what is needed to do it again."""
    return [
        ("signature", evaluation.signature),
        *((name, _plain(value)) for name, value in evaluation.settings.items()),
        ("versions", ", ".join(f"{name} {version}" for name, version in evaluation.versions.items())),
        ("made", evaluation.created),
    ]


def _plain(value: object) -> str:
    """A setting as people write it."""
    if value is None or value in ("", [], (), {}):
        return "not given"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return "; ".join(f"{name}: {_plain(held)}" for name, held in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(_plain(one) for one in value)
    return str(value)


def examples(evaluation: Evaluation) -> list[Example]:
    """The examples; of very long texts the beginning, and how much that is."""
    return [
        replace(
            one,
            document=_beginning(one.document, DOCUMENT),
            golds=tuple(_beginning(gold, SUMMARY) for gold in one.golds),
            outputs={name: _beginning(text, SUMMARY) for name, text in one.outputs.items()},
        )
        for one in evaluation.examples
    ]


def _beginning(text: str, limit: int) -> str:
    if len(text) <= limit:
        return text
    return f"{text[:limit]}… [the first {limit:,} of {len(text):,} characters]"


def published(evaluation: Evaluation) -> list[str]:
    """Where the published figures come from."""
    return list(
        dict.fromkeys(
            f"{one.system}, {one.split}: {one.source}{f' ({one.note})' if one.note else ''}"
            for one in evaluation.published
        )
    )
