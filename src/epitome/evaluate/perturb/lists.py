"""The word lists that lie beside the code."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def read(name: str) -> dict[str, Any]:
    """What `NAME.toml` in this folder holds."""
    folder = files(__name__.rpartition(".")[0])
    return tomllib.loads(folder.joinpath(f"{name}.toml").read_text(encoding="utf-8"))
