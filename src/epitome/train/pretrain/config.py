"""The settings of a pre-training run: those of a training run, and what texts, corruption and a new network need."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveInt

from epitome.datasets.texts import Documents
from epitome.errors import UsageError
from epitome.train.config import Config, Section, asked, checked, defaults, merged, method_of, read_toml

Objective = Literal["mlm", "spanbert", "t5", "bart", "gsg", "causal"]
OBJECTIVES: dict[str, tuple[Objective, ...]] = {
    "encoder": ("mlm", "spanbert"),
    "encoder-decoder": ("t5", "bart", "gsg"),
    "decoder": ("causal", "gsg"),
}
"""Which objectives a family of networks can learn, the usual one first."""
METHODS = ("full", "lora", "rslora", "dora", "adalora", "ia3")
"""Those that end in weights: what is learnt is put into the base, which then is a base itself."""
SCRATCH = ("bert", "t5", "bart", "llama")
"""Networks that can be made anew."""


class Texts(Section):
    """What is read."""

    column: str = ""
    """Of tables; empty: text, document, content, article or body, whichever there is."""
    documents: Documents = "auto"
    """What a document of a text file is."""
    held_out: float = Field(default=0.02, ge=0, lt=1)
    """Share of the documents that is not learnt from; chosen by a hash of their words."""
    buffer: PositiveInt = 10_000
    """Texts that are held and shuffled at a time."""


class Corrupt(Section):
    """What the network learns to mend."""

    objective: Literal["auto", Objective] = "auto"
    share: float = Field(default=0.0, ge=0, lt=1)
    """Of the text that is masked or taken out; 0: the objective's own."""
    span: NonNegativeFloat = 0.0
    """Mean length of a span; 0: the objective's own."""
    whole_words: bool = True
    """`mlm`: mask the pieces of a word together; else tokens one by one, as BERT first did."""
    permute: bool = True
    """`bart`: also shuffle the sentences."""


class Words(Section):
    """The tokenizer, where one is trained or extended."""

    kind: Literal["auto", "wordpiece", "bpe", "unigram"] = "auto"
    """`auto`: what networks of this type have had."""
    size: PositiveInt = 8192
    """Of a new vocabulary, special tokens included."""
    lowercase: bool = True
    """WordPiece only."""
    add: NonNegativeInt = 0
    """Words of the corpus to add to the base's vocabulary: the commonest that it splits."""


class Pretraining(Config):
    """A whole run."""

    texts: Texts = Texts()
    corrupt: Corrupt = Corrupt()
    words: Words = Words()
    model: dict[str, str | bool | int | float] = Field(default_factory=dict)
    """A network made anew: `type`, and what transformers' configuration of that type knows. Empty: the base."""

    @property
    def family(self) -> str:
        """Of a network made anew."""
        return {"bert": "encoder", "llama": "decoder"}.get(str(self.model.get("type")), "encoder-decoder")


@dataclass(frozen=True, slots=True)
class Usual:
    """An objective's own figures."""

    share: float
    span: float


USUAL: dict[Objective, Usual] = {
    "mlm": Usual(0.15, 1),  # Devlin et al. 2019
    "spanbert": Usual(0.15, 3.8),  # Joshi et al. 2020; the lengths are theirs
    "t5": Usual(0.15, 3),  # Raffel et al. 2020, section 3.3
    "bart": Usual(0.3, 3),  # Lewis et al. 2020, section 5.1
    "gsg": Usual(0.3, 1),  # Zhang et al. 2020: 15 to 45 %, drawn for each text
    "causal": Usual(0, 0),
}


def load(
    path: Path | None,
    settings: Iterable[str],
    given: Mapping[str, Any],
    scratch: Path | None = None,
    family: str = "",
) -> Pretraining:
    """As `epitome.train.config.load` does. `scratch` is a TOML file of settings with a network to be made anew in
    `[model]`; without, `family` is that of the base.

    Raises as that does, and `UsageError` for what does not go together.
    """
    held = asked(path, settings, given)
    if scratch is not None:
        held = merged(_with_model(scratch), held)
    model = checked(Pretraining, {"model": held.get("model", {})}, "[model]")
    if model.model:
        family = model.family
    method = method_of(held, "full")
    more = ("pretrain", f"pretrain-{family}", f"pretrain-{method}", *(("scratch",) if model.model else ()))
    usual = defaults(family, method, *more)
    found = checked(Pretraining, merged(usual, held), str(path or scratch or "settings"))
    _require(found, family)
    return found


def objective(config: Pretraining, family: str, kind: str) -> Objective:
    """What is learnt; `kind` is the network's type as transformers calls it."""
    if config.corrupt.objective != "auto":
        return config.corrupt.objective
    if family == "encoder-decoder":
        return "gsg" if "pegasus" in kind else "t5" if "t5" in kind else "bart"
    return OBJECTIVES[family][0]


def _with_model(path: Path) -> dict[str, Any]:
    held = read_toml(path)
    model = held.get("model")
    kind = model.get("type") if isinstance(model, dict) else None
    if kind not in SCRATCH:
        said = f"its [model] has the type {kind!r}" if model else "it has no [model]"
        raise UsageError(f"{path}: {said}", hint=f"type = one of {', '.join(SCRATCH)} (docs/pretraining.md)")
    return held


def _require(config: Pretraining, family: str) -> None:
    wanted = config.corrupt.objective
    if wanted not in ("auto", *OBJECTIVES[family]):
        able = ", ".join(OBJECTIVES[family])
        article = "an" if family.startswith("e") else "a"
        raise UsageError(
            f"the objective {wanted} does not fit {article} {family}",
            hint=f"{article} {family} learns {able}",
        )
    if config.method.name not in METHODS:
        raise UsageError(
            f"{config.method.name} leaves no weights that a base could be made of",
            hint=f"method: one of {', '.join(METHODS)}",
        )
    if config.eval.metric != "loss":
        raise UsageError(
            f"eval.metric={config.eval.metric}: texts have no gold summaries", hint="it is loss here"
        )
    if not config.model:
        return
    if config.method.name != "full":
        raise UsageError(
            f"a network made anew has nothing that {config.method.name} could be put on", hint="full"
        )
    if config.words.add:
        raise UsageError(
            "words.add extends a base's vocabulary, and here one is made", hint="raise words.size"
        )
