"""The card of a base that `epitome pretrain` made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from epitome.models.folder import Trained
from epitome.train.report.card import front
from epitome.train.validate import Judged

LEARNT = {
    "mlm": "masked language modelling, whole words",
    "spanbert": "masked language modelling, spans of words (SpanBERT)",
    "t5": "span corruption (T5)",
    "bart": "denoising: text infilling and shuffled sentences (BART)",
    "gsg": "gap sentences (PEGASUS)",
    "causal": "causal language modelling",
}
TASK = {"encoder": "fill-mask", "encoder-decoder": "text2text-generation", "decoder": "text-generation"}


def card(name: str, family: str, trained: Trained, facts: Mapping[str, str], judged: Sequence[Judged]) -> str:
    """`README.md` of its folder."""
    head = {
        "library_name": "transformers",
        "pipeline_tag": TASK[family],
        "tags": ["pretraining", "epitome", trained.pretrained],
    }
    if trained.base:
        head["base_model"] = trained.base
    lines = [
        *front(name, head, trained.licence),
        "",
        f"A base to be trained further: {trained.base or 'a network made anew'}, {LEARNT[trained.pretrained]}. It was "
        "taught no task.",
        "",
        "```bash",
        f"epitome train train.jsonl --dev dev.jsonl --base {name} -o model",
        "```",
        "",
        "## Training",
        "",
        *(f"- {key}: {value}" for key, value in facts.items()),
        "",
        "## On documents held out",
        "",
        *_figures(judged),
        "",
        "Perplexity and accuracy are those of the tokens that were to be predicted. Figures of models with other words "
        "or objectives do not compare.",
        "",
        "## Limits",
        "",
        "It knows what its texts say, and their slant. Weights inherit what the licence of the texts asks.",
    ]
    return "\n".join(lines) + "\n"


def _figures(judged: Sequence[Judged]) -> list[str]:
    if not judged:
        return ["None were: nothing tells how well it learnt."]
    rows = ["| step | loss | perplexity | accuracy |", "|---|---|---|---|"]
    shown = (f"{one.step} | {one.loss:.4f} | {one.perplexity:.2f} | {one.accuracy:.4f}" for one in judged)
    return [*rows, *(f"| {row} |" for row in shown)]
