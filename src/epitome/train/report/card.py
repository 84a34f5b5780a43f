"""The model card, in the form of the hub: what the model is, what it learnt from, how good it is."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from epitome.models.folder import Trained
from epitome.models.shape import Family
from epitome.train.validate import Judged

_LIBRARY = {"full": "transformers", "houlsby": "epitome", "pfeiffer": "epitome"}
_ONLY_TRANSFORMERS = ("prefix", "prompt", "houlsby", "pfeiffer")


def card(
    name: str, trained: Trained, facts: Mapping[str, Any], judged: Sequence[Judged], family: Family
) -> str:
    """`README.md` of a model folder; the family `encoder` checks summaries instead of writing them."""
    if family == "encoder":
        return _checker(name, trained, facts, judged)
    head = {
        "base_model": trained.base,
        "library_name": "epitome" if family == "writer" else _LIBRARY.get(trained.method, "peft"),
        "pipeline_tag": "summarization",
        "language": list(trained.languages),
        "tags": ["summarization", "epitome", trained.method],
    }
    lines = [
        *front(name, head, trained.licence),
        "",
        f"A summariser: {trained.base}, trained with Epitome ({trained.method}).",
        "",
    ]
    lines += [
        "## Use",
        "",
        "```bash",
        f"epitome summarize DOCUMENT --model {name}",
        "```",
        "",
        _engines(trained, family),
    ]
    lines += ["", "## Training", "", *(f"- {key}: {value}" for key, value in facts.items())]
    lines += ["", "## On dev, while it was trained", "", *_figures(judged)]
    lines += [
        "",
        "These figures chose the checkpoint; `epitome evaluate` on data that chose nothing gives those to quote.",
        "",
        "## Limits",
        "",
        "It may state what its source does not say: read the passages that Epitome shows beside each sentence. It is "
        "worse on texts unlike those it learnt from. Weights trained on a set inherit what the set's licence asks.",
    ]
    return "\n".join(lines) + "\n"


def front(name: str, head: Mapping[str, Any], licence: str) -> list[str]:
    """How any card begins: what the hub reads, and the name."""
    told = {**head, "license": licence.lower()} if licence else head
    lines = (f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in told.items())
    return ["---", *lines, "---", "", f"# {name}"]


def _checker(name: str, trained: Trained, facts: Mapping[str, Any], judged: Sequence[Judged]) -> str:
    head = {
        "base_model": trained.base,
        "library_name": "transformers",
        "pipeline_tag": "token-classification",
        "language": list(trained.languages),
        "tags": ["factual-consistency", "epitome"],
    }
    lines = [
        *front(name, head, trained.licence),
        "",
        "It reads evidence and a sentence side by side and scores each token of the sentence: above 0, the evidence "
        f"does not bear it out. {trained.base}, trained with Epitome; its one label is the score. docs/check.md is the "
        "guide.",
        "",
        "## Training",
        "",
        *(f"- {key}: {value}" for key, value in facts.items()),
        "",
        "## On dev, while it was trained",
        "",
        "| step | loss |",
        "|---|---|",
        *(f"| {one.step} | {one.loss:.4f} |" for one in judged),
    ]
    return "\n".join(lines) + "\n"


def _engines(trained: Trained, family: Family) -> str:
    if trained.method in _ONLY_TRANSFORMERS or family == "writer":
        return "It runs in transformers only (`--engine transformers`)."
    if trained.method == "full":
        return (
            "Full weights: `epitome export` makes a GGUF file of a Llama or Gemma for the embedded engines."
        )
    return "It runs in llama.cpp, OpenVINO (merged) and transformers; `epitome merge` puts it into its base's weights."


def _figures(judged: Sequence[Judged]) -> list[str]:
    if not judged:
        return ["It was not judged: no pairs were kept for that."]
    rows = ["| step | loss | ROUGE-1 | ROUGE-2 | ROUGE-L |", "|---|---|---|---|---|"]
    for one in judged:
        rouge = (
            f"{value:.2f}" if value is not None else "" for value in (one.rouge1, one.rouge2, one.rougeL)
        )
        rows.append(f"| {one.step} | {one.loss:.4f} | {' | '.join(rouge)} |")
    return rows
