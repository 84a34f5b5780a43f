"""Make an adapter that ships with Epitome: gather its data, train it, put what is needed into a folder.

    python recipes/make.py tldr --data FOLDER               # -> runs/tldr, then src/epitome/adapters/tldr
    python recipes/make.py general --data FOLDER --without papers   # leave a domain out, ship nothing

FOLDER holds a folder a set with `train.jsonl` and `dev.jsonl` (`epitome data get` names the public sources). The
settings are in NAME.toml beside this script. A run that was broken off goes on when it is called again.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from epitome.datasets.near import key

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
SHIPPED = ROOT / "src" / "epitome" / "adapters"
SETS = {
    "tldr": ("scitldr",),
    "plain": ("legal-plain",),
    "general": (
        "scitldr", "legal-plain", "qmsum-queries", "qmsum-meetings", "squality", "papers-full", "judgments-au",
        "medical-notes",
    ),
    "zh": ("csl-zh", "legal-news-zh"),
}  # fmt: skip
SUITS = {"general": ("medical-dialogue", "meeting")}
"""Where `--adapter auto` puts on one that is better than the base in some of its domains only (docs/adapters.md)."""
LONGEST = 250
"""Words of a gold summary beyond which a pair is left out: a cut-off answer would teach not to end."""
DEV_ROWS = 20
"""Pairs of each set's dev (even half) that the loss is watched on, where there are several sets."""
KEPT = ("adapter_config.json", "adapter_model.safetensors", "epitome.json", "config.toml")


@dataclass(frozen=True)
class Rows:
    """What is learnt from and what is watched."""

    train: list[dict[str, Any]]
    dev: list[dict[str, Any]]


def even(identity: str) -> bool:
    """Whether a document belongs to the half of dev that settings are chosen on."""
    return hashlib.sha256(identity.encode()).digest()[-1] % 2 == 0


def gathered(name: str, data: Path, without: Sequence[str]) -> Rows:
    """The pairs of an adapter. A row of train whose gold summary dev has too is left out."""
    train: list[dict[str, Any]] = []
    dev: list[dict[str, Any]] = []
    for corpus in SETS[name]:
        held = [row for row in _read(data / corpus / "dev.jsonl") if row["domain"] not in without]
        known = {key(gold, row["lang"]) for row in held for gold in row["summaries"]}
        for row in _read(data / corpus / "train.jsonl"):
            golds = [gold for gold in _golds(corpus, row) if len(gold.split()) <= LONGEST]
            leaks = any(key(gold, row["lang"]) in known for gold in golds)
            if row["domain"] not in without and golds and not leaks:
                train.append({**row, "summaries": golds})
        watched = [row for row in held if even(row["id"]) and len(row["summaries"][0].split()) <= LONGEST]
        dev += watched if len(SETS[name]) == 1 else watched[:DEV_ROWS]
    return Rows(train, dev)


def _golds(corpus: str, row: dict[str, Any]) -> list[str]:
    """Of whole papers the author's abstract: the other summary begins with the title."""
    return row["summaries"][-1:] if corpus == "papers-full" else row["summaries"]


def _read(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        yield from (json.loads(line) for line in lines if line.strip())


def trained(name: str, rows: Rows, folder: Path, settings: Sequence[str]) -> None:
    """`epitome train`, which goes on where it was."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    files = {part: folder.with_name(f"{folder.name}-{part}.jsonl") for part in ("train", "dev")}
    for part, path in files.items():
        held = getattr(rows, part)
        path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in held), "utf-8")
    command = [sys.executable, "-m", "epitome.cli", "train", str(files["train"]), "--dev", str(files["dev"])]
    command += ["-o", str(folder), "--config", str(HERE / f"{name}.toml")]
    for setting in settings:
        command += ["--set", setting]
    subprocess.run(command, check=True)


def shipped(folder: Path, target: Path) -> None:
    """The adapter in 16 bits, with what says what it is. The card is written by hand, with the figures."""
    from safetensors.torch import load_file, save_file

    target.mkdir(parents=True, exist_ok=True)
    for file in KEPT:
        if not file.endswith(".safetensors"):
            shutil.copy2(folder / file, target / file)
    if suits := SUITS.get(target.name):
        manifest = target / "epitome.json"
        said = json.loads(manifest.read_text("utf-8")) | {"suits": suits}
        manifest.write_text(json.dumps(said, ensure_ascii=False, indent=1) + "\n", "utf-8")
    weights = load_file(folder / "adapter_model.safetensors")
    halved = {key: value.half() for key, value in weights.items()}
    save_file(halved, target / "adapter_model.safetensors", metadata={"format": "pt"})
    size = sum(path.stat().st_size for path in target.iterdir())
    print(f"{target}: {size / 1e6:.1f} MB")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("name", choices=sorted(SETS))
    parser.add_argument("--data", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--without", nargs="*", default=[], metavar="DOMAIN", help="leave domains out")
    parser.add_argument("--work", type=Path, default=ROOT / "runs", metavar="FOLDER")
    parser.add_argument("--set", dest="settings", action="append", default=[], metavar="KEY=VALUE")
    asked = parser.parse_args()
    label = "-without-".join([asked.name, *asked.without])
    trained(asked.name, gathered(asked.name, asked.data, asked.without), asked.work / label, asked.settings)
    if not asked.without and asked.name != "zh":
        shipped(asked.work / label, SHIPPED / asked.name)


if __name__ == "__main__":
    main()
