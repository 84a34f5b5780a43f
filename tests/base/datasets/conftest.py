from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.base import hub as loopback
from tests.base.hub import Hub

from epitome import settings


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache."""
    monkeypatch.setenv("EPITOME_HOME", str(tmp_path / "home"))
    return settings.home()


@pytest.fixture
def hub(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A hub on the loopback that Epitome asks instead of the real one."""
    with loopback.running() as served:
        monkeypatch.setenv("HF_ENDPOINT", served.url)
        yield served
