"""From the chosen sentences to the Summary a reader gets."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

from epitome.documents import count_length
from epitome.errors import UsageError
from epitome.summarize.budget import BY_CHARACTER, budget
from epitome.summarize.extractive import extract
from epitome.summarize.prompts import VERSION
from epitome.summarize.write import Draft, Material
from epitome.trust.check import Source
from epitome.trust.instructions import WITHHELD
from epitome.types import Document, Request, Style, Summary, Unmet


def assemble(material: Material, request: Request, draft: Draft) -> Summary:
    """The Summary of a draft; model, engine and time are filled in by the caller."""
    document = material.document
    language = request.language or document.language
    summary = _summary(document, request, language)
    summary.sentences = material.source.check_all([candidate.checked.text for candidate in draft.chosen])
    summary.text = laid_out([sentence.text for sentence in summary.sentences], draft.budget.style, language)
    summary.unmet = draft.unmet
    summary.read_share = draft.read_share
    summary.steps = draft.steps
    summary.prompt = f"summarize/{VERSION}"
    summary.prompt_tokens = draft.prompt_tokens
    summary.generated_tokens = draft.generated_tokens
    summary.reasons = [
        *draft.reasons,
        *(f"{candidate.made}: {candidate.text}" for candidate in draft.chosen if candidate.made != "greedy"),
    ]
    summary.examples = list(material.shown.ids)
    summary.warnings += draft.repaired
    if material.shown.warning:
        summary.warnings.append(material.shown.warning)
    for start, end in material.withheld:
        quoted = " ".join(document.text[start:end].split())
        summary.warnings.append(f"{WITHHELD}{quoted[:120]!r}")
    return summary


def extractive(document: Document, method: str, request: Request) -> Summary:
    """A summary made of the document's own sentences, labelled as such."""
    if request.mention or request.focus:
        raise UsageError(f"{method} copies sentences and cannot follow --focus or --mention")
    language = document.language
    if request.language not in (None, language):
        raise UsageError(f"{method} copies sentences and cannot translate from {language!r}")
    bounds = budget(document, request)
    spans = extract(document, method, request)
    checker = Source(document)
    summary = _summary(document, request, language)
    summary.kind = "extractive"
    summary.model = summary.engine = method
    summary.sentences = checker.check_all([document.text[start:end] for start, end in spans])
    summary.text = laid_out([sentence.text for sentence in summary.sentences], bounds.style, language)
    summary.reasons = [f"copied from the document by {method}, not written"]
    if len(spans) not in bounds.sentences:
        summary.unmet.append(Unmet(f"{bounds.sentences} sentences", f"{method} gives {len(spans)}"))
    words = count_length(summary.text, language)
    if bounds.words is not None and words not in bounds.words:
        summary.unmet.append(Unmet(f"{bounds.words} words", f"{method} copies whole sentences: {words}"))
    return summary


def laid_out(texts: list[str], style: Style, language: str) -> str:
    """Sentences as the style wants them: a list, a line without its full stop, running text."""
    if style == "bullets":
        return "\n".join(f"- {text}" for text in texts)
    joined = ("" if language in BY_CHARACTER else " ").join(texts)
    return joined.rstrip(".。") if style == "headline" else joined


def _summary(document: Document, request: Request, language: str) -> Summary:
    try:
        installed = version("epitome")
    except PackageNotFoundError:
        installed = "uninstalled"
    return Summary(
        "",
        language=language,
        seed=request.seed,
        source=document.source,
        title=document.title,
        warnings=list(document.warnings),
        version=installed,
    )
