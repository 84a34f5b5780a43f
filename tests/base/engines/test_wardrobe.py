from __future__ import annotations

from pathlib import Path
from threading import Event

import pytest
from tests.base.models.adapters import write_lora
from tests.engine_contract import STORY, ask

from epitome.engines.base import answers
from epitome.engines.wardrobe import Wardrobe
from epitome.errors import EngineError
from epitome.models.resolve import resolve


def test_each_request_is_answered_with_its_adapter_in_its_place(tmp_path: Path) -> None:
    shape = {f"layers.{at}.self_attn.{name}": (576, 576) for at in range(30) for name in ("q_proj", "o_proj")}
    mine = str(write_lora(tmp_path / "mine", shape, seed=1, std=0.2))
    with Wardrobe(resolve("default"), engine="llamacpp", context=1024) as wardrobe:
        requests = [ask(STORY, adapter=adapter) for adapter in (None, mine, None)]
        plain, adapted, again = (answer.text for answer in answers(wardrobe, requests))
        assert plain == again != adapted
        assert wardrobe.wearing(mine) is wardrobe.wearing(mine)
        assert wardrobe.encode("one two") == wardrobe.wearing(None).encode("one two")
        stop = Event()
        stop.set()
        aborted = list(wardrobe.generate(requests, stop))
        assert {chunk.index for chunk in aborted if chunk.finish == "abort"} == {0, 1, 2}


def test_an_adapter_that_is_not_there_is_told_when_it_is_asked_for(tmp_path: Path) -> None:
    with (
        Wardrobe(resolve("default"), engine="llamacpp") as wardrobe,
        pytest.raises(EngineError, match="no such adapter"),
    ):
        wardrobe.wearing(str(tmp_path / "none"))
