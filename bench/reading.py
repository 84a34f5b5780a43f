"""How well PDF and web pages are read, and how sure the English test is.

    python bench/reading.py --data FOLDER > bench/results/reading.md

FOLDER holds `pdf/gold.jsonl` (file, title, abstract), `pages/gold.json` with `pages/html/*.html.gz`, and
`news/dev.jsonl`, `scitldr/dev.jsonl`.

PDF: the share of the gold abstract's words that the extracted text has in the same order and without anything in
between (the longest matching blocks of at least three words); the furniture left: short paragraphs that repeat, page
numbers, imprints. Pages: precision, recall and F1 of words against the gold text, as bags.
"""

from __future__ import annotations

import argparse
import datetime
import gzip
import json
import platform
import re
from collections import Counter
from collections.abc import Iterator
from difflib import SequenceMatcher
from importlib.metadata import version
from pathlib import Path
from statistics import mean, quantiles

from epitome.documents import languages
from epitome.documents.html import read_html
from epitome.documents.pdf import read_pdf
from epitome.errors import EpitomeError
from epitome.types import Document

FURNITURE = re.compile(
    r"[\s\-–]*\d{1,4}[\s\-–]*|(?:proceedings of|computational linguistics volume|.{0,2} ?[12]\d{3} ass).{0,160}",
    re.I,
)


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def contained(gold: str, text: str) -> float:
    """Share of the words of `gold` in runs of three or more that stand in `text` in the same order."""
    wanted, found = words(gold), words(text)
    blocks = SequenceMatcher(None, wanted, found, autojunk=False).get_matching_blocks()
    return sum(block.size for block in blocks if block.size >= 3) / len(wanted)


def furniture(document: Document) -> list[str]:
    """Short paragraphs that repeat, or look like a page number or an imprint."""
    short = [text for text in document.text.split("\n\n") if len(text) < 160]
    keys = Counter(re.sub(r"[\W\d_]+", "", text.casefold()) for text in short)
    return [
        text
        for text in short
        if FURNITURE.fullmatch(text)
        or (keys[key := re.sub(r"[\W\d_]+", "", text.casefold())] > 1 and len(key) > 8)
    ]


def papers(folder: Path) -> Iterator[str]:
    yield "| paper | pages | abstract found | title found | sections | furniture left |"
    yield "|---|---|---|---|---|---|"
    shares = []
    for line in (folder / "gold.jsonl").read_text(encoding="utf-8").splitlines():
        gold = json.loads(line)
        try:
            document = read_pdf((folder / gold["file"]).read_bytes(), gold["file"])
        except EpitomeError as error:
            yield f"| {gold['id']} | | refused: {error.message.split(': ', 1)[1]} | | | |"
            continue
        shares.append(contained(gold["abstract"], document.text[: 3 * len(gold["abstract"]) + 2000]))
        title = SequenceMatcher(None, "".join(words(gold["title"])), "".join(words(document.title))).ratio()
        pages = max(place.page or 0 for place in document.origins)
        left = furniture(document)
        yield (
            f"| {gold['id']} | {pages} | {shares[-1]:.3f} | {title:.2f} | {len(document.sections)} "
            f"| {len(left)} {'; '.join(text[:60] for text in left)} |"
        )
    yield ""
    yield f"Mean {mean(shares):.3f}, least {min(shares):.3f}, over {len(shares)} papers with a readable text layer."


def pages(folder: Path) -> Iterator[str]:
    gold = json.loads((folder / "gold.json").read_text(encoding="utf-8"))
    figures = []
    for name, page in gold.items():
        data = gzip.decompress((folder / "html" / f"{name}.html.gz").read_bytes())
        try:
            text = read_html(data, name).text
        except EpitomeError:
            text = ""
        ours, theirs = Counter(words(text)), Counter(words(page["articleBody"]))
        same = (ours & theirs).total()
        precision, recall = same / max(1, ours.total()), same / max(1, theirs.total())
        f1 = 2 * same / max(1, ours.total() + theirs.total())
        figures.append((f1, precision, recall, name[:8]))
    f1, precision, recall = (mean(column) for column in list(zip(*figures, strict=True))[:3])
    yield f"{len(figures)} pages: F1 {f1:.3f}, precision {precision:.3f}, recall {recall:.3f}."
    yield "Worst: " + ", ".join(f"{name} {score:.2f}" for score, _, _, name in sorted(figures)[:5]) + "."


def english(folder: Path) -> Iterator[str]:
    """Shares of English function words, which `ENGLISH_SHARE` divides."""
    yield "| texts | count | 1st percentile | median | taken as English at once |"
    yield "|---|---|---|---|---|"
    sets: dict[str, list[str]] = {}
    for name in ("news", "scitldr"):
        lines = (folder / name / "dev.jsonl").read_text(encoding="utf-8").splitlines()[:500]
        sets[name] = [json.loads(line)["document"] for line in lines]
    gold = json.loads((folder / "pages" / "gold.json").read_text(encoding="utf-8"))
    texts = [page["articleBody"] for page in gold.values()]
    sets["pages not English"] = [text for text in texts if languages.detect_language(text) != "en"]
    for name, found in sets.items():
        shares = []
        for text in found:
            sample = text[: languages.SAMPLE]
            shares.append(
                len(languages._ENGLISH.findall(sample)) / max(1, len(languages._WORD.findall(sample)))
            )
        points = quantiles(shares, n=100)
        certain = sum(languages.certain_language(text) == "en" for text in found)
        yield f"| {name} | {len(found)} | {points[0]:.3f} | {points[49]:.3f} | {certain} |"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    folder = parser.parse_args().data
    libraries = ", ".join(
        f"{name} {version(name)}" for name in ("pypdfium2", "trafilatura", "lxml", "py3langid")
    )
    print("# Reading\n")
    print(
        f"{datetime.date.today()}, Python {platform.python_version()}, {libraries}, {platform.machine()}.\n"
    )
    print("## PDF: nine papers of the ACL Anthology\n")
    print(*papers(folder / "pdf"), sep="\n")
    print("\n## Web pages: article-extraction-benchmark\n")
    print(*pages(folder / "pages"), sep="\n")
    print("\n## English without a classifier\n")
    print(*english(folder), sep="\n")


if __name__ == "__main__":
    main()
