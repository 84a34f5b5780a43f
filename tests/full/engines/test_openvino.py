from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.engine_contract import EngineContract

from epitome.engines.openvino import OpenVino
from epitome.models.resolve import resolve


@pytest.fixture(scope="module")
def engine() -> Iterator[OpenVino]:
    with OpenVino(resolve("default"), exact=True) as engine:
        yield engine


class TestOpenVino(EngineContract):
    pass
