"""Package descriptions as a corpus: cleaned, counted, and the same each time."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import lzma
from collections.abc import Callable
from pathlib import Path

import pyarrow
import pytest

from epitome.datasets.debian import Corpus, build
from epitome.datasets.pair import Pair
from epitome.errors import SourceError

HARE = """ Hare keeps a diary of the weather in plain files that any editor can
 open, one for each day, and draws them as charts of a week or a year
 on a terminal that is at least eighty columns wide.
 .
 It can:
  - read thermometers that speak the common protocols of the trade, over
    a cable or the air
  - send a warning before frost"""
FOX = """ Fox sorts letters into boxes by rules that are written in plain words,
 and tells in the morning what it did at night, so that nothing is lost
 when a rule was wrong and has to be mended by hand."""
FULL: list[tuple[str, str, str, str]] = [
    ("hare-dbg", "utils", "diary of the weather", HARE),
    ("hare", "utils", "diary of the weather", HARE),
    ("fox", "universe/mail", "sort letters by rules", FOX),
    (
        "old-fox",
        "oldlibs",
        "transitional package for fox",
        " This is a transitional package. It can be removed.",
    ),
    ("bare", "misc", "no more than a line", ""),
]
RELEASE = "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nOrigin: Plum\nLabel: Plum\nCodename: stone\nVersion: 3\n"
WRITERS: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    ".gz": gzip.compress,
    ".xz": lzma.compress,
    ".bz2": bz2.compress,
    ".lz4": lambda data: pyarrow.compress(data, codec="lz4", asbytes=True),
    ".zst": lambda data: pyarrow.compress(data, codec="zstd", asbytes=True),
}


def machine(root: Path, suffix: str = "", translated: bool = True) -> Path:
    """A file system whose package lists hold FULL, the long descriptions in a list of their own."""
    packages, long = "", ""
    for name, section, synopsis, description in FULL:
        key = hashlib.md5(f"{synopsis}\n{description}".encode()).hexdigest()
        packages += (
            f"Package: {name}\nSection: {section}\nDescription: {synopsis}\nDescription-md5: {key}\n\n"
        )
        long += f"Package: {name}\nDescription-md5: {key}\nDescription-en: {synopsis}\n{description}\n\n"
    lists = root / "var/lib/apt/lists"
    lists.mkdir(parents=True)
    (lists / "plum_dists_stone_InRelease").write_text(RELEASE + "Date: Sat, 11 Jul 2026 10:16:37 UTC\n")
    (lists / f"plum_dists_stone_main_binary-all_Packages{suffix}").write_bytes(
        WRITERS[suffix](packages.encode())
    )
    if translated:
        (lists / f"plum_dists_stone_main_i18n_Translation-en{suffix}").write_bytes(
            WRITERS[suffix](long.encode())
        )
    return root


def installed(root: Path) -> None:
    (root / "var/lib/dpkg").mkdir(parents=True)
    (root / "etc").mkdir()
    (root / "etc/os-release").write_text('NAME=Plum\nPRETTY_NAME="Plum 3"\n')
    stanza = f"Package: fox\nStatus: install ok installed\nSection: mail\nDescription: sort letters by rules\n{FOX}\n"
    (root / "var/lib/dpkg/status").write_text(stanza)


def ids(corpus: Corpus) -> list[str]:
    return [pair.id for pair in corpus.data]


@pytest.mark.parametrize("suffix", WRITERS)
def test_descriptions_become_documents_and_synopses_their_summaries(tmp_path: Path, suffix: str) -> None:
    corpus = build(machine(tmp_path, suffix))
    assert corpus.data.pairs == [
        Pair(
            "Fox sorts letters into boxes by rules that are written in plain words, and tells in the morning what "
            "it did at night, so that nothing is lost when a rule was wrong and has to be mended by hand.",
            ("sort letters by rules",),
            "fox",
            "fox",
            "mail",
        ),
        Pair(
            "Hare keeps a diary of the weather in plain files that any editor can open, one for each day, and draws "
            "them as charts of a week or a year on a terminal that is at least eighty columns wide.\n"
            "It can:\n"
            "- read thermometers that speak the common protocols of the trade, over a cable or the air\n"
            "- send a warning before frost",
            ("diary of the weather",),
            "hare",
            "hare",
            "utils",
        ),
    ]
    assert corpus.source == "Plum stone 3 of 11 Jul 2026"
    assert corpus.left_out == {
        "the same description as another": 1,
        "too short": 1,
        "without a long description": 1,
    }
    assert corpus.all_lists


def test_a_sample_is_drawn_by_seed_and_always_the_same(tmp_path: Path) -> None:
    root = machine(tmp_path)
    drawn = {seed: ids(build(root, limit=1, seed=seed)) for seed in range(8)}
    assert drawn == {seed: ids(build(root, limit=1, seed=seed)) for seed in range(8)}
    assert {name for names in drawn.values() for name in names} == {"fox", "hare"}
    assert build(root, limit=1).left_out["not drawn"] == 1
    assert build(root).data.fingerprint == build(root, limit=2, seed=5).data.fingerprint


def test_without_long_descriptions_the_installed_packages_are_used_and_it_says_so(tmp_path: Path) -> None:
    installed(machine(tmp_path, translated=False))
    corpus = build(tmp_path)
    assert ids(corpus) == ["fox"]
    assert corpus.source == "packages installed on Plum 3"
    assert not corpus.all_lists


def test_a_machine_without_a_package_index_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no Debian package index") as error:
        build(tmp_path)
    assert "apt-get" in str(error.value.hint)


@pytest.mark.parametrize("suffix", [suffix for suffix in WRITERS if suffix])
def test_a_damaged_list_is_a_clear_error(tmp_path: Path, suffix: str) -> None:
    (path,) = machine(tmp_path, suffix).glob(f"var/lib/apt/lists/*Translation-en{suffix}")
    path.write_bytes(path.read_bytes()[:-20] if suffix in {".gz", ".xz"} else b"not compressed at all")
    with pytest.raises(SourceError, match="this package list is damaged"):
        build(tmp_path)
