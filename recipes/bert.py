"""A BERT that writes summaries: MiniLM goes on filling masks, then learns to write of packages and of papers.

    python recipes/bert.py --data FOLDER                # -> runs/bert/mlm, then runs/bert/debian, then runs/bert/papers
    python recipes/bert.py --data FOLDER --mlm-steps 20 --pairs 200 --set train.max_steps=20     # a try of minutes

FOLDER holds `scitldr/train.jsonl` and `scitldr/dev.jsonl`; the pairs of packages are made of this machine's own package
index (`epitome data build debian`). MiniLM was tuned to compare sentences and has no head that fills masks, so that
comes first. At the end each writer is evaluated beside `lead` and `textrank`, with the tests of `epitome evaluate`.
Whatever is finished is not done again, and what was broken off goes on. About 90 minutes on one idle core.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from epitome.datasets.read import load

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
DEV = 600
"""Pairs of packages that are kept for judging where there are enough; none like them is learnt from."""
MASKS = ("data.max_tokens=128", "train.batch=40", "train.threads=1", "optim.lr=3e-4", "optim.warmup=0.06")
"""How masks are learnt to be filled: about 4,000 tokens a step."""
EPOCHS = {"debian": 1, "papers": 3}


def command(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "epitome.cli", *arguments], check=True)


def further_trained(base: str, texts: Sequence[str], folder: Path, steps: int) -> Path:
    """The encoder `base`, gone on with filling masks in `texts` for so many steps; a folder with the head."""
    corpus = folder.with_name(f"{folder.name}-texts.jsonl")
    corpus.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts), "utf-8")
    named = [part for one in (f"train.max_steps={steps}", *MASKS) for part in ("--set", one)]
    command("pretrain", str(corpus), "--base", base, "-o", str(folder), *named)
    return folder


def packages(work: Path, pairs: int) -> tuple[Path, Path]:
    """Pairs of packages to learn from and to be judged on."""
    built, folder = work / "debian.jsonl", work / "packages"
    dev = min(DEV, pairs // 4)
    if not built.is_file():
        command("data", "build", "debian", "-o", str(built), "--limit", str(pairs + dev))
    if not (folder / "train.jsonl").is_file():
        share = dev / (pairs + dev)
        command(
            "data",
            "split",
            str(built),
            "-o",
            str(folder),
            "--parts",
            f"train={1 - share:.4f},dev={share:.4f}",
        )
    return folder / "train.jsonl", folder / "dev.jsonl"


def papers(data: Path) -> tuple[Path, Path]:
    """SciTLDR's."""
    return data / "scitldr" / "train.jsonl", data / "scitldr" / "dev.jsonl"


def texts(tables: Sequence[Path]) -> Iterator[str]:
    """The documents of the pairs."""
    for table in tables:
        yield from (pair.document for pair in load(str(table)).pairs)


def written(name: str, base: Path, tables: tuple[Path, Path], asked: argparse.Namespace) -> Path:
    """A writer, by `epitome train`, which goes on where it was."""
    out = asked.work / name
    settings = [f"train.epochs={EPOCHS[name]}", *asked.settings]
    command(
        "train", str(tables[0]), "--dev", str(tables[1]), "--base", str(base), "-o", str(out),
        "--config", str(HERE / "bert.toml"), *(part for setting in settings for part in ("--set", setting)),
    )  # fmt: skip
    return out


def judged(name: str, model: Path, dev: Path, asked: argparse.Namespace) -> None:
    """Figures beside what copies: in `NAME.json` and `NAME.md` of the work folder."""
    out = asked.work / f"{name}-dev"
    command(
        "evaluate", str(dev), "--system", f"bert={model}", "--system", "lead", "--system", "textrank",
        "--against", "bert", "--metrics", "rouge", "--json", f"{out}.json", "--markdown", f"{out}.md",
        *(("--limit", str(asked.documents)) if asked.documents else ()),
    )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--base", default="minilm", metavar="MODEL")
    parser.add_argument("--pairs", type=int, default=15_000, metavar="N", help="of packages")
    parser.add_argument("--mlm-steps", type=int, default=400, metavar="N")
    parser.add_argument("--documents", type=int, default=0, metavar="N", help="to judge on; 0: all of dev")
    parser.add_argument("--work", type=Path, default=ROOT / "runs" / "bert", metavar="FOLDER")
    parser.add_argument("--set", dest="settings", action="append", default=[], metavar="KEY=VALUE")
    asked = parser.parse_args()
    asked.work.mkdir(parents=True, exist_ok=True)
    tables = {"debian": packages(asked.work, asked.pairs), "papers": papers(asked.data)}
    learnt_from = [train for train, _ in tables.values()]
    base = further_trained(asked.base, list(texts(learnt_from)), asked.work / "mlm", asked.mlm_steps)
    for name, (train, dev) in tables.items():
        base = written(name, base, (train, dev), asked)
        judged(name, base, dev, asked)
    print(json.dumps({name: f"{asked.work / name}-dev.md" for name in tables}, indent=1))


if __name__ == "__main__":
    main()
