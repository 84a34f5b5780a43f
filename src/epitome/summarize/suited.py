"""Which shipped adapter suits a document: one that was trained on its like and knows what is asked for, else none."""

from __future__ import annotations

from collections.abc import Sequence

from epitome.documents.kinds import kind
from epitome.models import folder
from epitome.models.folder import Worn
from epitome.models.model import Model
from epitome.summarize.budget import budget
from epitome.types import Document, Request


def closet(model: Model) -> list[Worn]:
    """The shipped adapters of this very base."""
    found = []
    for name in folder.shipped():
        trained = folder.read(folder.SHIPPED / name)
        if trained is not None and trained.base_sha256 == model.sha256:
            found.append(Worn(trained.base, str(folder.SHIPPED / name), trained))
    return found


def suited(document: Document, request: Request, shipped: Sequence[Worn]) -> Worn | None:
    """The adapter for this document and request, the most specialised where several suit."""
    languages = {document.language, request.language or document.language}
    if not shipped or languages != {"en"} or not (domain := kind(document.text)):
        return None
    fitting = [
        worn
        for worn in shipped
        if worn.trained is not None
        and domain in (worn.trained.suits or worn.trained.domains)
        and (worn.trained.requests or _one_sentence(document, request))
    ]
    return min(fitting, key=lambda worn: len(worn.trained.domains) if worn.trained else 0, default=None)


def _one_sentence(document: Document, request: Request) -> bool:
    """What an adapter knows that was trained on documents alone."""
    found = budget(document, request)
    return found.sentences.most == 1 and found.style != "headline" and not request.focus
