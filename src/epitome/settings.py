"""Where Epitome keeps things and what it may do, read from the environment at each call."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def home() -> Path:
    """The cache directory: `EPITOME_HOME`, else the platform's user cache directory."""
    if named := os.environ.get("EPITOME_HOME"):
        return Path(named).expanduser()
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "epitome"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local")) / "epitome"
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "epitome"


def offline() -> bool:
    """Whether `EPITOME_OFFLINE` forbids every connection that is not to this machine."""
    return os.environ.get("EPITOME_OFFLINE", "").lower() in {"1", "true", "yes", "on"}


def hub_endpoint() -> str:
    """The model hub's address: `HF_ENDPOINT`, as the ecosystem's own tools read it."""
    return os.environ.get("HF_ENDPOINT", "https://huggingface.co").rstrip("/")


def hub_token() -> str | None:
    """The hub's access token (`HF_TOKEN`), for models behind a licence."""
    return os.environ.get("HF_TOKEN")
