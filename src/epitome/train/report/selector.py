"""The card of an encoder that selects words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from epitome.models.folder import Trained
from epitome.train.report.card import front


def card(name: str, trained: Trained, facts: Mapping[str, str], table: Sequence[str]) -> str:
    """`README.md` of its folder; `table` are the lines of the classification report."""
    head = {
        "base_model": trained.base,
        "library_name": "transformers",
        "pipeline_tag": "token-classification",
        "language": list(trained.languages),
        "tags": ["content-selection", "summarization", "epitome"],
    }
    lines = [
        *front(name, head, trained.licence),
        "",
        "It tags each word of a document: B, I, E for the words of a span that a summary would use, O for the others. "
        f"{trained.base}, trained with Epitome on tags made of documents and their summaries. docs/selection.md is the "
        "guide.",
        "",
        "```bash",
        f"epitome summarize DOCUMENT --model {name} --style highlights",
        f"epitome summarize DOCUMENT --guide {name}",
        "```",
        "",
        "## Training",
        "",
        *(f"- {key}: {value}" for key, value in facts.items()),
        "",
        "## Tag by tag",
        "",
        *(table or ["It was not judged: no pairs were kept for that."]),
        "",
        f"In points; on one half of dev, with the threshold that is best on the other ({_threshold(trained)}).",
    ]
    return "\n".join(lines) + "\n"


def _threshold(trained: Trained) -> str:
    found = trained.trained.get("threshold")
    return f"{found:.2f}" if isinstance(found, float) else "none was chosen"
