from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from epitome import settings
from epitome.engines import calibrate
from epitome.engines.machine import cores
from epitome.models import gguf
from epitome.models.model import Model
from epitome.models.resolve import resolve


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Model:
    """The default model, its Q8_0 made in the real cache, and an empty home for what is measured."""
    found = resolve("default")
    real, made = settings.home(), calibrate._candidate(found)
    assert made is not None
    assert made.is_relative_to(real)
    monkeypatch.setattr(calibrate, "_file", lambda: tmp_path / "calibration.json")
    return found


def test_it_is_measured_once_and_then_read(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    # Whether the machine happens to be busy now is another test's matter.
    monkeypatch.setattr(calibrate, "free_cores", cores)
    notes: list[str] = []
    chosen = calibrate.measure(model, notes.append)
    assert chosen.measured
    assert 1 <= chosen.write_threads <= cores()
    assert 1 <= chosen.read_threads <= cores()
    assert len(notes) == 1
    assert calibrate.known(model) == chosen


def test_the_numbers_of_the_model_are_no_matter_of_its_speed(
    model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calibrate, "free_cores", cores)
    monkeypatch.setattr(calibrate, "_times", lambda path, counts: dict.fromkeys(counts, (9.0, 9.0)))
    assert calibrate.measure(model).prepared
    monkeypatch.setattr(calibrate, "_times", lambda path, counts: dict.fromkeys(counts, (0.0, 0.0)))
    assert calibrate.measure(model).prepared
    assert calibrate.measure(model).weights(model) == calibrate.guess(model).weights(model)


def test_on_a_busy_machine_nothing_is_measured_nor_remembered(
    model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calibrate, "free_cores", lambda: 0)
    assert not calibrate.measure(model).measured
    assert calibrate.known(model) is None


def test_threads_give_way_to_those_who_use_the_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calibrate, "free_cores", lambda: 2)
    assert calibrate.Calibration(write_threads=4, read_threads=8, prepared=False).threads == (2, 2)
    assert calibrate.Calibration(write_threads=1, read_threads=8, prepared=False).threads == (1, 2)


def test_another_file_version_or_number_of_cores_is_measured_anew(
    model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    calibrate._remember(model, calibrate.guess(model))
    assert calibrate.known(model) is not None
    assert calibrate.known(dataclasses.replace(model, sha256="another")) is None
    monkeypatch.setattr(calibrate, "cores", lambda: 99)
    assert calibrate.known(model) is None


def test_a_damaged_record_is_as_good_as_none(model: Model) -> None:
    calibrate._file().write_text("{")
    assert calibrate.known(model) is None
    calibrate._file().write_text(json.dumps({calibrate._key(model): {"threads": 1}}))
    assert calibrate.known(model) is None
    calibrate._remember(model, calibrate.guess(model))
    assert calibrate.known(model) == calibrate.guess(model)


def test_a_measurement_that_fails_leaves_the_guess(
    model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calibrate, "free_cores", cores)
    broken = tmp_path / "broken.gguf"
    assert model.path is not None
    broken.write_bytes(model.path.read_bytes()[:3_000_000])
    assert calibrate._times(broken, [1]) == {}


def test_four_bits_are_never_made_of_four_bits(model: Model) -> None:
    path = calibrate.guess(model).weights(model)
    assert path is not None
    assert set(gguf.read(path).tensor_types) == {"Q8_0", "F32"}


def test_reading_it_again_is_cheap(model: Model, tmp_path: Path) -> None:
    calibrate._remember(model, calibrate.guess(model))
    home = tmp_path / "home"
    home.mkdir()
    (home / "calibration.json").write_text(calibrate._file().read_text())
    code = (
        "import sys, time\nfrom pathlib import Path\nfrom epitome.engines import calibrate\n"
        "from epitome.models.model import Model\n"
        f"model = Model('m', 'gguf', Path({str(model.path)!r}), sha256={model.sha256!r})\n"
        "start = time.perf_counter()\nassert calibrate.known(model) is not None\n"
        "print(time.perf_counter() - start, 'numpy' in sys.modules, 'xllamacpp' in sys.modules)"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "EPITOME_HOME": str(home)}
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)
    seconds, numpy, library = run.stdout.split()
    assert (numpy, library) == ("False", "False"), run.stderr
    assert float(seconds) < 0.2
