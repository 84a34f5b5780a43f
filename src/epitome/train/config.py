"""The settings of a training run: a TOML file and `--set KEY=VALUE`, checked before a model is loaded."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveInt,
    ValidationError,
)

from epitome.errors import SourceError, UsageError

MethodName = Literal[
    "full", "lora", "rslora", "dora", "adalora", "ia3", "prefix", "prompt", "houlsby", "pfeiffer"
]


class Section(BaseModel):
    """A group of settings."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True, allow_inf_nan=False)


class Method(Section):
    """What of the model learns."""

    name: MethodName = "lora"
    rank: PositiveInt = 16
    alpha: NonNegativeFloat = 32.0
    dropout: float = Field(default=0.0, ge=0, lt=1)
    targets: tuple[str, ...] = ()
    """Layers by the end of their name, such as q_proj; empty: every linear layer but the output."""
    first_layer: NonNegativeInt = 0
    """Blocks below this one stay as they are; nothing is computed backwards through them."""
    virtual_tokens: PositiveInt = 20
    """Of prefix- and prompt-tuning."""
    bottleneck: PositiveInt = 48
    """Width of Houlsby's and Pfeiffer's adapters."""
    freeze: tuple[str, ...] = ()
    """With `full`: parameters that stay as they are, by pattern (`model.embed_tokens*`)."""


class Data(Section):
    """What is learnt from, and how it is cut."""

    max_tokens: PositiveInt = 1024
    """Of prompt and answer together. Longer documents keep their head and most central sentences."""
    max_answer_tokens: PositiveInt = 320
    titles: bool = False
    """Also learn to write each document's title: a second answer to the same prompt (CATTS, Cachola et al. 2020)."""
    requests: bool = False
    """Ask for what each gold summary is: its style, its length, and the focus; otherwise for one sentence."""
    focus: tuple[str, ...] = ()
    """Domains whose titles are questions or topics that their summaries keep to (with `requests`)."""
    headlines: tuple[str, ...] = ()
    """Domains some of whose titles are asked for as headlines (with `requests`)."""
    weights: dict[str, NonNegativeFloat] = Field(default_factory=dict)
    """By domain: what a token counts. 0 leaves the domain out."""
    mix: dict[str, NonNegativeFloat] = Field(default_factory=dict)
    """By domain: how often its pairs come in an epoch (0.5: half of them, another half in each epoch; 2: twice)."""


class Prompt(Section):
    """The prompt template; `{document}`, `{title}` and `{request}` are filled in."""

    system: str = "{request}"
    user: str = "{document}"


class Optim(Section):
    """How the weights move."""

    name: Literal["adamw", "adafactor", "adamw8bit", "sgd"] = "adamw"
    lr: float = Field(default=2e-4, gt=0)
    weight_decay: NonNegativeFloat = 0.0
    betas: tuple[float, float] = (0.9, 0.999)
    clip: NonNegativeFloat = 1.0
    """Largest norm of the gradient; 0: as it is."""
    schedule: Literal["linear", "cosine", "wsd", "constant"] = "linear"
    warmup: float = Field(default=0.05, ge=0, lt=1)
    """Share of the steps."""
    decay: float = Field(default=0.2, gt=0, le=1)
    """Share of the steps in which `wsd` falls."""
    label_smoothing: float = Field(default=0.0, ge=0, lt=1)


class Train(Section):
    """How long, and in what portions."""

    epochs: float = Field(default=3.0, gt=0)
    max_steps: NonNegativeInt = 0
    """0: as many as the epochs have."""
    batch: PositiveInt = 16
    """Pairs a step, over all processes."""
    row_tokens: PositiveInt = 1024
    """Tokens computed at once; what is left of the batch is accumulated. Halved by itself when memory runs out."""
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    checkpointing: bool = False
    """Compute activations again instead of keeping them."""
    threads: NonNegativeInt = 0
    """0: one a core."""
    save_minutes: float = Field(default=5.0, gt=0)


class Eval(Section):
    """How it is judged on dev."""

    times: float = Field(default=1.0, gt=0)
    """How often an epoch."""
    loss_pairs: PositiveInt = 200
    generate: NonNegativeInt = 48
    """Documents of dev that are summarised each time; 0: none."""
    metric: Literal["loss", "rouge1", "rouge2", "rougeL"] = "loss"
    """What chooses the best checkpoint and stops early."""
    patience: NonNegativeInt = 2
    """Evaluations without gain after which training stops; 0: never."""


class Encoder(Section):
    """What becomes of an encoder that learns to write (docs/bert.md); no other base has these."""

    writer: Literal["masked", "bert2bert", "pooled"] = "masked"
    share: float = Field(default=1.0, gt=0, le=1)
    """`masked`: share of a summary's words that are masked and learnt in a step; its end always is."""
    pointer: bool = True
    """`masked`: a head that copies words of the document."""
    tied: bool = False
    """`bert2bert`, `pooled`: one set of weights reads and writes."""
    pooling: Literal["mean", "max", "attention"] = "attention"
    vectors: PositiveInt = 1
    """`pooled`: what a document becomes; above 1 with attention only."""
    width: NonNegativeInt = 0
    """`pooled`: numbers a vector has; 0: as many as the encoder's states."""


class Summarize(Section):
    """How the model is meant to be used."""

    candidates: int = Field(default=1, ge=1, le=32)
    """Versions that `summarize` writes and chooses from where a request says nothing."""
    beams: int = Field(default=1, ge=1, le=16)
    """Of a beam search in place of greedy text, where one version is written."""
    length_penalty: float = 1.0
    """A beam's log-probability is divided by its length to this power."""
    no_repeat_ngram: NonNegativeInt = 0
    """Tokens in a row that no answer has twice; 0: all may be."""
    min_tokens: NonNegativeInt = 0
    """Of an answer."""


class Config(Section):
    """A whole run."""

    base: str = "default"
    objective: Literal["auto", "select"] = "auto"
    """`select`: an encoder learns which words of a document its summary uses; `auto`: what the base can."""
    seed: int = Field(default=0, ge=0, lt=2**63)
    method: Method = Method()
    encoder: Encoder = Encoder()
    prompt: Prompt = Prompt()
    data: Data = Data()
    optim: Optim = Optim()
    train: Train = Train()
    eval: Eval = Eval()
    summarize: Summarize = Summarize()
    track: tuple[Literal["tensorboard", "wandb", "mlflow"], ...] = ("tensorboard",)


INCIDENTAL: dict[str, Any] = {"track": True, "train": {"save_minutes", "threads", "row_tokens"}}
"""Settings that a run may go on without: what is learnt does not depend on them, but for rounding."""


def load(path: Path | None, settings: Iterable[str], given: Mapping[str, Any], family: str) -> Config:
    """The file's settings, over them `KEY=VALUE` lines, over them what options said; the rest by family and method.

    Raises `SourceError` for a file that cannot be read, `UsageError` for a key or value that makes no sense.
    """
    held = asked(path, settings, given)
    method = method_of(held, "full" if family in ("encoder", "writer") else "lora")
    more = ("select",) if held.get("objective") == "select" else ()
    return checked(Config, merged(defaults(family, method, *more), held), str(path or "settings"))


def method_of(held: Mapping[str, Any], usual: str) -> str:
    """The method that these settings name."""
    said = held.get("method")
    return str(said.get("name", usual)) if isinstance(said, dict) else usual


def named(path: Path | None, settings: Iterable[str], given: Mapping[str, Any]) -> str:
    """The base that these settings name. Raises as `load` does."""
    base = asked(path, settings, given).get("base", "default")
    if not isinstance(base, str):
        raise UsageError(f"base: a name, not {base!r}")
    return base


def aimed(path: Path | None, settings: Iterable[str], given: Mapping[str, Any]) -> str:
    """The objective that these settings name. Raises as `load` does."""
    return str(asked(path, settings, given).get("objective", "auto"))


def asked(path: Path | None, settings: Iterable[str], given: Mapping[str, Any]) -> dict[str, Any]:
    """What was said: the file's settings, over them `KEY=VALUE` lines, over them what options said.

    Raises as `load` does, not yet for keys and values.
    """
    held = read_toml(path) if path else {}
    for line in settings:
        key, equals, value = line.partition("=")
        if not equals:
            raise UsageError(f"--set {line}: no value", hint="write KEY=VALUE, such as optim.lr=2e-4")
        _put(held, key.strip().split("."), _value(value.strip()))
    for name, value in given.items():
        _put(held, name.split("."), value)
    return held


def changed(config: Config, settings: Mapping[str, Any]) -> Config:
    """`config` with other values at dotted keys. Raises `UsageError` for a key or value that makes no sense."""
    held = config.model_dump(mode="json")
    for name, value in settings.items():
        _put(held, name.split("."), value)
    return checked(Config, held, "a trial")


def defaults(family: str, method: str, *more: str) -> dict[str, Any]:
    """What `defaults.toml` says for this family of models and this method, over what it says for all; and over that
    the tables of further names."""
    table = tomllib.loads(files("epitome.train").joinpath("defaults.toml").read_text("utf-8"))
    found: dict[str, Any] = {}
    for name in ("all", family, method, f"{family}-{method}", *more):
        found = merged(found, table.get(name, {}))
    return found


Settings = TypeVar("Settings", bound=Section)


def checked(kind: type[Settings], held: Mapping[str, Any], source: str) -> Settings:
    """The settings that `held` gives. Raises `UsageError` for a key or value that makes no sense."""
    try:
        return kind.model_validate(held)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
        if first["type"] == "extra_forbidden":
            raise UsageError(
                f"{source}: there is no setting {key}{more}", hint="docs/training.md lists them"
            ) from None
        raise UsageError(f"{source}: {key}: {first['msg']}, not {first['input']!r}{more}") from None


def read_toml(path: Path) -> dict[str, Any]:
    """The tables of a TOML file. Raises `SourceError` if it cannot be read."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SourceError(f"{path}: {error.strerror or error}", hint="--config names a TOML file") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SourceError(f"{path} is no TOML file ({error})") from error


def _put(held: dict[str, Any], keys: list[str], value: Any) -> None:
    *outer, last = keys
    for key in outer:
        inner = held.setdefault(key, {})
        if not isinstance(inner, dict):
            raise UsageError(f"{'.'.join(keys)}: {key} is no group of settings")
        held = inner
    held[last] = value


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Both, group by group; `above` wins."""
    found = dict(below)
    for key, value in above.items():
        both = isinstance(value, Mapping) and isinstance(found.get(key), Mapping)
        found[key] = merged(found[key], value) if both else value
    return found


def as_toml(config: Config) -> str:
    """The whole configuration as a TOML file that gives it again."""
    lines: list[str] = []
    _table(config.model_dump(), "", lines)
    return "\n".join(lines) + "\n"


def _table(held: Mapping[str, Any], name: str, lines: list[str]) -> None:
    plain = {key: value for key, value in held.items() if not isinstance(value, Mapping)}
    if name and (plain or not held):
        lines.append(f"\n[{name}]")
    lines += [f"{_key(key)} = {json.dumps(value, ensure_ascii=False)}" for key, value in plain.items()]
    for key, value in held.items():
        if isinstance(value, Mapping):
            _table(value, f"{name}.{_key(key)}" if name else _key(key), lines)


def _key(key: str) -> str:
    return key if key.replace("_", "").replace("-", "").isalnum() and key.isascii() else json.dumps(key)
