"""A model folder: what `epitome train` writes and every command takes. `epitome.json` says what it is.

An adapter lies there as PEFT writes it, full weights as transformers does; both also open without Epitome.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from epitome.errors import ModelError, UsageError
from epitome.models.catalogue import EXTRACTIVE
from epitome.models.model import Model

MANIFEST = "epitome.json"
FORMAT = 1
SLOTS = ("document", "title", "request")


@dataclass(frozen=True, slots=True)
class Form:
    """The prompt template: what the model was trained to be asked. `{document}`, `{title}`, `{request}` are filled in.

    `{request}` is the instruction that Epitome would give an untrained model: style, length and focus in words.
    """

    system: str = "{request}"
    user: str = "{document}"

    def check(self) -> None:
        """Raise `UsageError` for a template without a place for the document."""
        if "{document}" not in self.user:
            raise UsageError(
                f"the prompt template {self.user!r} has no place for the document",
                hint='write {document} where it is to stand, such as --set prompt.user="{document}"',
            )

    def fill(self, document: str, *, request: str, title: str = "") -> tuple[str, str]:
        """System and user turn. What a document says is never taken for a slot."""
        values = {"document": document, "title": title, "request": request}
        return _filled(self.system, values), _filled(self.user, values)


def _filled(template: str, values: Mapping[str, str]) -> str:
    parts: list[str] = []
    rest = template
    while rest:
        found = [(at, name) for name in values if (at := rest.find("{" + name + "}")) >= 0]
        if not found:
            parts.append(rest)
            break
        at, name = min(found)
        parts += [rest[:at], values[name]]
        rest = rest[at + len(name) + 2 :]
    return "".join(parts)


@dataclass(frozen=True, slots=True)
class Trained:
    """What `epitome.json` says of a model folder."""

    base: str
    """What the model was trained from, as `resolve` finds it."""
    method: str
    """`full`, `lora`, … as `epitome train --method` names it."""
    base_sha256: str = ""
    form: Form = field(default_factory=Form)
    template: str = "embedded"
    languages: tuple[str, ...] = ()
    licence: str = ""
    domains: tuple[str, ...] = ()
    suits: tuple[str, ...] = ()
    """Domains on which `--adapter auto` puts it on, where these are fewer than those it was trained on."""
    requests: bool = False
    """Whether it was trained to obey style, length and focus, and to write several sentences at once."""
    candidates: int = 1
    """Versions that are written and chosen from where a request says nothing."""
    decoding: Mapping[str, float] = field(default_factory=dict)
    """How it is meant to write: `beams`, `length_penalty`, `no_repeat_ngram`, `min_tokens`, where it is not greedy."""
    pretrained: str = ""
    """The objective of a base that `epitome pretrain` made; empty for what was trained on pairs."""
    trained: Mapping[str, Any] = field(default_factory=dict)
    """Data fingerprint, steps, metrics: for people and for the card."""

    @property
    def whole(self) -> bool:
        """Whether the folder holds full weights; otherwise an adapter."""
        return self.method == "full"

    def write(self, folder: Path) -> None:
        """Put `epitome.json` into the folder."""
        text = json.dumps({"format": FORMAT, **asdict(self)}, ensure_ascii=False, indent=1)
        (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")


SHIPPED = Path(__file__).parent.parent / "adapters"
"""Adapters that come with the package, one a folder."""
AUTO = "auto"
"""For `--adapter`: of those, the one that suits a document, or none."""


@dataclass(frozen=True, slots=True)
class Worn:
    """A model as a person names it, taken apart: the base to resolve, the adapter on it, and what was trained."""

    base: str
    adapter: str | None = None
    trained: Trained | None = None


def worn(model: str, adapter: str | None) -> Worn:
    """What `--model` and `--adapter` mean where either is a model folder or a shipped adapter's name. With `AUTO` it is
    what is worn where none suits.

    Raises `ModelError` for an adapter that is nowhere or a folder that cannot be read, `UsageError` for an adapter on
    a method that has no weights.
    """
    if adapter in (None, "none", AUTO):
        trained = read(Path(model).expanduser())
        if trained is not None and trained.pretrained not in ("", "gsg"):
            return Worn(model)  # asked like any other base: it was taught no prompt
        if trained is None or trained.whole:
            return Worn(model, None, trained)
        return Worn(trained.base, model, trained)
    if model in EXTRACTIVE:
        raise UsageError(f"{model} copies sentences and takes no adapter")
    path = located(str(adapter))
    return Worn(model, str(path), read(path) if path.is_dir() else None)


def spoken(model: Model, trained: Trained | None) -> Model:
    """The model with the template and the languages that training gave it."""
    if trained is None:
        return model
    languages = tuple(sorted({*model.languages, *trained.languages})) if model.languages else ()
    return replace(model, languages=languages, template=trained.template)


def located(adapter: str) -> Path:
    """Where an adapter lies: a path, or one that is shipped. Raises `ModelError` if it is neither."""
    path = Path(adapter).expanduser()
    if path.exists():
        return path
    if adapter in (names := shipped()):
        return SHIPPED / adapter
    known = f"; shipped: {', '.join(names)}" if names else ""
    raise ModelError(f"{adapter}: there is no such adapter", hint=f"a PEFT folder or a GGUF file{known}")


def called(adapter: str | None) -> str | None:
    """What a person calls it: the name of a shipped one, the path of another."""
    path = Path(adapter) if adapter else None
    return path.name if path is not None and path.parent == SHIPPED else adapter


def shipped() -> list[str]:
    """Names of the adapters in the package."""
    return sorted(path.parent.name for path in SHIPPED.glob(f"*/{MANIFEST}"))


def read(folder: Path) -> Trained | None:
    """What the folder's `epitome.json` says; None if it has none. Raises `ModelError` for one that cannot be read."""
    path = folder / MANIFEST
    if not path.is_file():
        return None
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
        if held.pop("format") != FORMAT:
            raise ModelError(f"{path} was written by a newer Epitome", hint="update epitome")
        return Trained(
            **{
                **held,
                "form": Form(**held["form"]),
                "languages": tuple(held["languages"]),
                "domains": tuple(held["domains"]),
                "suits": tuple(held.get("suits", ())),
            }
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{path} cannot be read ({error})", hint="train or fetch the model again") from error
