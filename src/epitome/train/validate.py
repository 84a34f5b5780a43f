"""How the model does on dev while it is trained: loss on gold summaries, and ROUGE of what it writes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from epitome.datasets.pair import Pair
from epitome.engines.base import Decoding, GenerationRequest, answers
from epitome.engines.huggingface import Transformers
from epitome.errors import UsageError
from epitome.metrics.rouge import rouge
from epitome.train.attention import NAME
from epitome.train.base import Base
from epitome.train.claims import claims
from epitome.train.config import Config
from epitome.train.examples import Shape, examples, fitting, prompt_of
from epitome.train.loop import mean_loss
from epitome.train.objectives import Objective
from epitome.train.select import Judgement, Selecting, judgement, tagged
from epitome.types import Prompt

FIGURES = ("loss", "perplexity", "accuracy", "macro_f1", "rouge1", "rouge2", "rougeL")
SAMPLES = 4
"""Summaries that are kept for the report."""


@dataclass(frozen=True, slots=True)
class Dev:
    """What the model is judged on: pairs to be summarised, and examples for the loss."""

    pairs: Sequence[Pair]
    prompts: Sequence[Prompt]
    """How each pair is asked about."""
    examples: Sequence[Any]
    most_answer: int
    """Tokens of a summary."""
    tagged: Sequence[Pair] = ()
    """Where words are selected: the pairs of the examples."""


@dataclass(slots=True)
class Judged:
    """Figures after a step. ROUGE in points, None where nothing was generated."""

    step: int
    loss: float
    accuracy: float | None = None
    """Share of the held-out targets that the model finds most likely (`epitome pretrain`)."""
    macro_f1: float | None = None
    """Mean F1 over the tags, in points (`objective=select`)."""
    rouge1: float | None = None
    rouge2: float | None = None
    rougeL: float | None = None  # noqa: N815  (the field's name)
    samples: list[dict[str, str]] = field(default_factory=list)

    @property
    def perplexity(self) -> float | None:
        """Of the held-out targets (`epitome pretrain`)."""
        return None if self.accuracy is None else math.exp(min(self.loss, 700.0))

    def value(self, metric: str) -> float:
        """The metric, larger is better."""
        if metric == "loss":
            return -self.loss
        found = getattr(self, metric)
        return float("-inf") if found is None else float(found)


def judge(step: int, base: Base, network: Any, objective: Objective, dev: Dev, config: Config) -> Judged:
    """Loss on `dev.examples`, ROUGE of greedy summaries of `dev.pairs`."""
    judged = Judged(step, mean_loss(network, objective, dev.examples, config.train.row_tokens))
    if isinstance(objective, Selecting):
        judged.macro_f1 = selection(network, objective, dev, config).tagger.macro_f1
    pairs = dev.pairs
    if pairs:
        texts = _written(base, network, dev)
        scored = [rouge(text, pair.summaries, pair.lang) for text, pair in zip(texts, pairs, strict=True)]
        for name in ("rouge1", "rouge2", "rougeL"):
            setattr(judged, name, sum(one[name] for one in scored) / len(scored))
        judged.samples = [
            {"id": pair.id, "gold": pair.summaries[0], "text": text}
            for pair, text in list(zip(pairs, texts, strict=True))[:SAMPLES]
        ]
    return judged


def selection(network: Any, objective: Selecting, dev: Dev, config: Config) -> Judgement:
    """How well words are selected in the documents of dev."""
    return judgement(network, objective, dev.examples, dev.tagged, config.train.row_tokens)


def _written(base: Base, network: Any, dev: Dev) -> list[str]:
    """Greedy summaries, made by the engine that would run the model."""
    decoding = Decoding(max_tokens=dev.most_answer)
    plain = network.get_base_model() if hasattr(network, "get_base_model") else network
    was = plain.config._attn_implementation
    if was == NAME:
        plain.set_attn_implementation("sdpa")
    network.eval()
    try:
        engine = Transformers.of(base.model, network, base.words, base.jinja, base.tokens)
        requests = [GenerationRequest(prompt, decoding) for prompt in dev.prompts]
        return [answer.text.strip() for answer in answers(engine, requests)]
    finally:
        network.train()
        if was == NAME:
            plain.set_attn_implementation(NAME)


def on(held: Sequence[Pair], base: Base, shape: Shape, config: Config) -> Dev:
    """What of the held-out pairs is judged on. Raises `UsageError` where a prompt does not fit, or nothing is written
    that the metric could judge: before any step."""
    judged_on = held[: config.eval.loss_pairs]
    if base.selects:
        return Dev((), (), tagged(judged_on, base, {}, shape.most), 0, judged_on)
    if base.checks:
        return Dev((), (), claims(judged_on, base, {}, shape.most), 0)
    if held and config.eval.metric != "loss" and not config.eval.generate:
        raise UsageError(
            f"eval.metric={config.eval.metric} needs summaries", hint="set eval.generate above 0"
        )
    pairs = held[: config.eval.generate]
    asked = [(pair, shape.asked(pair)) for pair in pairs]
    most = shape.most - shape.most_answer
    prompts = [
        prompt_of(pair, fitting(pair, base, shape.form, most, one), shape.form, one) for pair, one in asked
    ]
    judged = examples(judged_on, base, replace(shape, titles=False), {})
    return Dev(pairs, prompts, judged, shape.most_answer)
