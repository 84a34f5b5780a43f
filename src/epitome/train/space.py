"""What a search may try: settings and their ranges, in a TOML file.

["optim.lr"]
low = 1e-5
high = 1e-3
log = true

["method.rank"]
choices = [8, 16, 32]
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError, model_validator

from epitome.errors import SourceError, UsageError


class Range(BaseModel):
    """One setting: from `low` to `high` (whole numbers where both are), or one of `choices`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    low: int | float | None = None
    high: int | float | None = None
    log: bool = False
    choices: tuple[str | int | float | bool, ...] = ()

    @model_validator(mode="after")
    def _sound(self) -> Range:
        bounds = self.low is not None and self.high is not None
        if bounds == bool(self.choices):
            raise ValueError("give low and high, or choices")
        if self.low is not None and self.high is not None:
            if self.low >= self.high:
                raise ValueError("low is not below high")
            if self.log and self.low <= 0:
                raise ValueError("log needs low above 0")
        return self

    def suggest(self, trial: Any, name: str) -> Any:
        """What an Optuna trial tries here."""
        if self.choices:
            return trial.suggest_categorical(name, list(self.choices))
        if isinstance(self.low, int) and isinstance(self.high, int):
            return trial.suggest_int(name, self.low, self.high, log=self.log)
        return trial.suggest_float(name, self.low, self.high, log=self.log)


Space = dict[str, Range]
USUAL: Space = {
    "optim.lr": Range(low=5e-5, high=2e-3, log=True),
    "method.rank": Range(choices=(8, 16, 32)),
    "method.dropout": Range(low=0.0, high=0.2),
    "optim.warmup": Range(low=0.0, high=0.2),
}
"""What is tried where no file says otherwise; the learning rate decides most (anchors in LOG.md)."""


def read(path: Path) -> Space:
    """The space in a TOML file. Raises `SourceError` or `UsageError`, naming the setting that is wrong."""
    try:
        held = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SourceError(f"{path}: {error.strerror or error}", hint="--space names a TOML file") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SourceError(f"{path} is no TOML file ({error})") from error
    try:
        space = TypeAdapter(Space).validate_python(held)
    except ValidationError as error:
        first = error.errors()[0]
        hint = (
            'quote the whole setting: ["optim.lr"]'
            if first["type"] in ("extra_forbidden", "model_type")
            else None
        )
        raise UsageError(
            f"{path}: {'.'.join(str(part) for part in first['loc'])}: {first['msg']}", hint=hint
        ) from None
    if not space:
        raise UsageError(f"{path} names no setting", hint='["optim.lr"] with low, high and log')
    return space
