from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.base import hub as loopback
from tests.base.hub import Hub

from epitome import settings
from epitome.models import Model
from epitome.models.resolve import resolve


@pytest.fixture(scope="session")
def smollm() -> Model:
    """The real default model, from the cache of whoever runs the tests."""
    return resolve("default")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of Epitome, and of the hub's own tools."""
    monkeypatch.setenv("EPITOME_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "huggingface"))
    monkeypatch.delenv("HF_HUB_CACHE", raising=False)
    return settings.home()


@pytest.fixture
def hub(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A hub on the loopback that Epitome asks instead of the real one."""
    with loopback.running() as served:
        monkeypatch.setenv("HF_ENDPOINT", served.url)
        yield served
