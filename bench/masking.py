"""How much personal data masking finds, how much else it masks, and what becomes of placeholders in a summary.

    python bench/masking.py [--data FOLDER] [-o bench/results/masking.md]
    python bench/masking.py placeholders [--documents 30] [--engine auto]

The first measures on texts made from the templates of `bench/masked`, 20 of each language, filled ten times each; with
`--data`, also on the names of speakers in `qmsum-meetings/dev.jsonl`. The second has the default model sum up documents in which
persons stand as placeholders of several forms, and counts those that come through.

Recall: mentions of which no character is left. Precision: masked stretches that lie at least half in a mention of
their kind. Exact: mentions that are masked from their first character to their last, and no further.
"""

from __future__ import annotations

import argparse
import json
import re
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from epitome.trust.masking import KINDS, Masked, Masker
from harness.report import Report
from masked.texts import Sample, samples

RESULTS = Path(__file__).parent / "results" / "masking.md"
ROUNDS = 10
LANGUAGES = {"en": "English", "zh": "Chinese"}
_ROLE = re.compile(
    r"\b(?:Grad|PhD|Postdoc|Professor|Project Manager|Marketing|Industrial Designer|User Interface|Unknown|None|Speaker)\b"
)


def found(sample: Sample, masked: Masked, counts: dict[str, Counter[str]]) -> None:
    """Add what was found of a text, and what should not have been."""
    spans = [
        (place.original_start, place.original_end, place.label.split("_")[0].lower())
        for place in masked.places
    ]
    for gold in sample.golds:
        count = counts[gold.kind]
        count["gold"] += 1
        left = set(range(gold.start, gold.end)) - {at for start, end, _ in spans for at in range(start, end)}
        count["found"] += not left
        count["exact"] += (gold.start, gold.end, gold.kind) in spans
        if left:
            count[f"missed {sample.text[gold.start : gold.end]}"] += 1
    for start, end, kind in spans:
        counts[kind]["masked"] += 1
        inside = sum(
            max(0, min(end, gold.end) - max(start, gold.start)) for gold in sample.golds if gold.kind == kind
        )
        counts[kind]["right"] += 2 * inside >= end - start
        if 2 * inside < end - start:
            counts[kind][f"wrong {sample.text[start:end]}"] += 1


def together(sample: Sample, masked: Masked) -> tuple[int, int]:
    """Pairs of mentions of one person with the same number, and such pairs in all."""
    labels: dict[str, list[str]] = {}
    for gold in sample.golds:
        place = next(
            (one for one in masked.places if one.original_start <= gold.start < one.original_end), None
        )
        if gold.kind == "person" and place is not None:
            labels.setdefault(gold.owner, []).append(place.label)
    pairs = [(one, other) for held in labels.values() for at, one in enumerate(held) for other in held[:at]]
    return sum(one == other for one, other in pairs), len(pairs)


def templates(report: Report, details: bool) -> None:
    """Precision and recall by kind."""
    masker = Masker()
    for language, name in LANGUAGES.items():
        texts = samples(language, ROUNDS)
        counts: dict[str, Counter[str]] = {kind: Counter() for kind in KINDS}
        same = pairs = 0
        started = time.perf_counter()
        for sample in texts:
            masked = masker(sample.text)
            found(sample, masked, counts)
            alike, all_pairs = together(sample, masked)
            same, pairs = same + alike, pairs + all_pairs
        seconds = time.perf_counter() - started
        report.section(f"{name}: {len(texts)} texts from templates")
        report.table("kind", "mentions", "recall %", "precision %", "exact %")
        for kind in (*KINDS, "all"):
            count = sum(counts.values(), Counter()) if kind == "all" else counts[kind]
            if count["gold"] or count["masked"]:
                report.row(kind, count["gold"], *_shares(count))
        report.gap()
        report.line(
            f"mentions of one person that have the same number: {100 * same / pairs:.1f} % of {pairs} pairs"
        )
        report.line(f"{seconds:.1f} s for {sum(len(one.text) for one in texts):,} characters")
        if details:
            for kind, count in counts.items():
                print(kind, [(said, times) for said, times in count.most_common() if " " in said])


def _shares(count: Counter[str]) -> Iterator[str]:
    for part, whole in (("found", "gold"), ("right", "masked"), ("exact", "gold")):
        yield f"{100 * count[part] / count[whole]:.1f}" if count[whole] else "-"


def meetings(report: Report, data: Path) -> None:
    """Speakers of real meetings: their marks, and their names in what others say, with the marks taken away."""
    masker = Masker()
    marks, spoken, without = [0, 0], [0, 0], [0, 0]
    for line in (data / "qmsum-meetings" / "dev.jsonl").read_text("utf-8").splitlines():
        text = json.loads(line)["document"]
        speakers = {
            mark for mark in re.findall(r"^([^:\n]{2,60}):", text, re.MULTILINE) if not _ROLE.search(mark)
        }
        names = {_bare(mark) for mark in speakers} - {""}
        if not names:
            continue
        _count(
            text,
            re.compile(
                rf"^(?:{'|'.join(map(re.escape, sorted(speakers, key=len, reverse=True)))}):", re.MULTILINE
            ),
            names,
            masker,
            marks,
        )
        mentioned = re.compile(
            rf"(?<!^)\b(?:{'|'.join(sorted(_said(names), key=len, reverse=True))})\b", re.MULTILINE
        )
        _count(text, mentioned, names, masker, spoken)
        _count(re.sub(r"^[^:\n]{2,60}: ?", "", text, flags=re.MULTILINE), mentioned, names, masker, without)
    report.section("Real meetings: names of speakers, QMSum dev")
    report.table("where", "mentions", "recall %")
    for name, (masked, all_of_them) in (
        ("before what they say", marks),
        ("in what is said", spoken),
        ("in what is said, the marks of speakers taken away", without),
    ):
        report.row(name, all_of_them, f"{100 * masked / all_of_them:.1f}")
    report.gap()


def _bare(mark: str) -> str:
    """A speaker's name without titles and letters behind it; nothing for somebody without a name."""
    name = re.sub(
        r"\b(?:The|Right|Hon|Rt|Mr|Mrs|Ms|Miss|Dr|Prof|Sir|Dame|AM|MS|MP|QC)\b\.?|\([^)]*\)", " ", mark
    )
    words = name.split()
    return (
        " ".join(words)
        if len(words) >= 2
        and not {"Chair", "Speaker", "Member", "Clerk"} & set(words)
        and all(word[0].isupper() for word in words)
        else ""
    )


def _said(names: set[str]) -> set[str]:
    """The names whole, and the surnames behind a title."""
    whole = {re.escape(name) for name in names}
    return whole | {rf"(?:Mr|Mrs|Ms|Miss|Dr)\.? {re.escape(name.split()[-1])}" for name in names}


def _count(text: str, pattern: re.Pattern[str], names: set[str], masker: Masker, tally: list[int]) -> None:
    masked = masker(text)
    hidden = {at for place in masked.places for at in range(place.original_start, place.original_end)}
    parts = re.compile(
        rf"\b(?:{'|'.join(re.escape(part) for name in names for part in name.split() if len(part) > 1)})\b"
    )
    for match in pattern.finditer(text):
        found = list(parts.finditer(text, *match.span()))
        tally[1] += bool(found)
        tally[0] += bool(found) and all(at in hidden for part in found for at in range(*part.span()))


FORMS = {
    "<PERSON_1>": "<PERSON_{}>",
    "[PERSON_1]": "[PERSON_{}]",
    "PERSON_1": "PERSON_{}",
    "PERSON1": "PERSON{}",
    "Person-1": "Person-{}",
    "names": "",
}
"""How a person may stand in the text that the model sees; the last: under the own name."""
_TRACE = re.compile(r"[<\[(]?\bperson[ _#-]?(\d+)?\b[>\])]?", re.IGNORECASE)
SENTENCES = 3


def placeholders(report: Report, documents: int, engine: str) -> None:
    """What a small model makes of each form."""
    from epitome import Summarizer

    texts = samples("en", 2, seed=1)[:documents]
    report.section(f"Placeholders in {documents} summaries of {SENTENCES} sentences")
    report.table(
        "form",
        "summaries that name a person",
        "mentions",
        "as given",
        "read tolerantly",
        "broken",
        "of a wrong person",
        "sentences doubted",
    )
    with Summarizer("default", adapter="none", engine=engine, work=100) as summarizer:
        for name, form in FORMS.items():
            covered = [_formed(sample, form) for sample in texts]
            results = list(summarizer.batch(covered, sentences=SENTENCES))
            rows = [
                _came_through(str(result), covered[at], form, texts[at]) for at, result in enumerate(results)
            ]
            naming, total = sum(row["mentions"] > 0 for row in rows), sum(rows, Counter())
            doubted = sum(not one.supported for result in results for one in getattr(result, "sentences", []))
            report.row(
                name,
                naming,
                *(total[what] for what in ("mentions", "exact", "read", "broken", "wrong")),
                doubted,
            )
            if documents <= 5:
                print(*results, sep="\n")
    report.gap()


def _formed(sample: Sample, form: str) -> str:
    """The text with its persons in this form."""
    numbers: dict[str, int] = {}
    pieces, at = [], 0
    for gold in sample.golds:
        if gold.kind == "person" and form:
            number = numbers.setdefault(gold.owner, len(numbers) + 1)
            pieces += [sample.text[at : gold.start], form.format(number)]
            at = gold.end
    return "".join(pieces) + sample.text[at:]


def _came_through(summary: str, text: str, form: str, sample: Sample) -> Counter[str]:
    count: Counter[str] = Counter()
    if not form:
        names = {sample.text[gold.start : gold.end] for gold in sample.golds if gold.kind == "person"}
        pattern = re.compile("|".join(sorted(map(re.escape, names), key=len, reverse=True)) or "$^")
        count["mentions"] = count["exact"] = len(pattern.findall(summary))
        return count
    for match in _TRACE.finditer(summary):
        marked = match[1] is not None or "PERSON" in match[0] or match[0][0] in "<[("
        if not marked:
            continue  # an everyday "person"
        count["mentions"] += 1
        if match[1] is None:
            count["broken"] += 1
        elif form.format(match[1]) not in text:
            count["wrong"] += 1
        elif form.format(match[1]) in match[0]:
            count["exact"] += 1
        else:
            count["read"] += 1
    return count


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", nargs="?", choices=["kinds", "placeholders"], default="kinds")
    parser.add_argument("--data", type=Path, metavar="FOLDER")
    parser.add_argument("--documents", type=int, default=30)
    parser.add_argument("--engine", default="auto")
    parser.add_argument("-o", "--output", type=Path)
    parser.add_argument(
        "--details", action="store_true", help="print what was missed and what was masked wrongly"
    )
    asked = parser.parse_args(arguments)
    if asked.what == "placeholders":
        report = Report(
            asked.output or RESULTS.with_name("masking-placeholders.md"), "Placeholders in summaries"
        )
        placeholders(report, asked.documents, asked.engine)
        return
    report = Report(asked.output or RESULTS, "Masking of personal data")
    templates(report, asked.details)
    if asked.data is not None:
        meetings(report, asked.data)


if __name__ == "__main__":
    main()
