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
import random
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from epitome.datasets.read import load
from epitome.engines.huggingface import require
from epitome.engines.tokenizer import HubTokenizer
from epitome.models.resolve import pull
from epitome.train import state

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
DEV = 600
"""Pairs of packages that are kept for judging where there are enough; none like them is learnt from."""
ROW, ROWS, SHARE = 128, 32, 0.15
"""Tokens of a row, rows of a step, and the share of the tokens that is masked (Devlin et al. 2019)."""
RATE, WARM, SAVE = 3e-4, 0.06, 50
EPOCHS = {"debian": 1, "papers": 3}
Row = dict[str, Any]


# --- filling masks: what `epitome pretrain TEXTS --base minilm -o FOLDER` is to take over


@dataclass(frozen=True)
class Words:
    """A tokenizer's ids, and which of them go on a word."""

    words: HubTokenizer
    inner: frozenset[int]

    def rows(self, texts: Sequence[str], seed: int) -> list[list[int]]:
        """All texts, one after the other in another order, cut into rows of one length."""
        before, after = self.words.around()
        shuffled = random.Random(seed).sample(list(texts), len(texts))
        ids = [token for text in shuffled for token in (*self.words.encode(text), *after)]
        room = ROW - len(before) - len(after)
        return [[*before, *ids[at : at + room], *after] for at in range(0, len(ids) - room, room)]

    def masked(self, row: Sequence[int], draw: random.Random) -> tuple[list[int], list[int]]:
        """The row with whole words masked, and what is to be found there, -1 elsewhere: of ten masked tokens eight are
        [MASK], one is another of the row, one is itself."""
        mask, marks = self.words.role("mask"), {self.words.role(role) for role in ("cls", "sep", "pad")}
        words: list[list[int]] = []
        for at, token in enumerate(row):
            if token in self.inner and words and words[-1][-1] == at - 1:
                words[-1].append(at)
            elif token not in marks:
                words.append([at])
        draw.shuffle(words)
        ids, targets = list(row), [-1] * len(row)
        chosen = 0
        for word in words:
            if chosen >= SHARE * len(row):
                break
            chosen += len(word)
            for at in word:
                targets[at], lot = row[at], draw.random()
                ids[at] = int(mask or 0) if lot < 0.8 else draw.choice(row) if lot < 0.9 else row[at]
        return ids, targets


def further_trained(base: str, texts: Sequence[str], folder: Path, steps: int) -> Path:
    """The encoder `base`, gone on with filling masks in `texts` for so many steps; a folder with the head."""
    if (folder / "config.json").is_file():
        return folder
    torch = require()
    from transformers import AutoModelForMaskedLM, AutoTokenizer

    torch.set_num_threads(1)
    torch.manual_seed(0)
    source = pull(base).path
    assert source is not None
    vocabulary = AutoTokenizer.from_pretrained(source).get_vocab()
    words = Words(
        HubTokenizer(source), frozenset(at for word, at in vocabulary.items() if word.startswith("##"))
    )
    network = AutoModelForMaskedLM.from_pretrained(source, attn_implementation="eager").train()
    optimizer = torch.optim.AdamW(network.parameters(), RATE, weight_decay=0.01)
    rows = words.rows(texts, 0)
    print(f"{folder}: {len(rows) * ROW:,} tokens, {steps} steps of {ROW * ROWS:,}", flush=True)
    done = 0
    if held := state.read(folder / state.STATE):
        state.restore(held, network, optimizer)
        done = held["progress"]["step"]
    for step in range(done, steps):
        warm = max(1, round(WARM * steps))
        for group in optimizer.param_groups:
            group["lr"] = RATE * min((step + 1) / warm, (steps - step) / (steps - warm + 1))
        batch = [rows[at % len(rows)] for at in range(step * ROWS, (step + 1) * ROWS)]
        loss = _mlm_step(network, optimizer, words, batch, step)
        if step % 10 == 0 or step + 1 == steps:
            print(f"step {step + 1}: loss {loss:.3f}", flush=True)
        if (step + 1) % SAVE == 0:
            folder.mkdir(parents=True, exist_ok=True)
            state.write(folder / state.STATE, state.moment(network, optimizer, {"step": step + 1}))
    network.save_pretrained(folder)
    for name in ("vocab.txt", "tokenizer_config.json"):
        (folder / name).write_bytes((source / name).read_bytes())
    return folder


def _mlm_step(network: Any, optimizer: Any, words: Words, rows: Sequence[Sequence[int]], step: int) -> float:
    import torch

    draw = random.Random(f"masks {step}")
    pairs = [words.masked(row, draw) for row in rows]
    ids, targets = (torch.tensor([pair[part] for pair in pairs]) for part in (0, 1))
    with torch.autocast("cpu", torch.bfloat16):
        states = network.bert(ids).last_hidden_state[targets >= 0]
        loss = torch.nn.functional.cross_entropy(network.cls(states).float(), targets[targets >= 0])
    loss.backward()
    torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    return float(loss.item())


# --- learning to write, and what it came to


def command(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "epitome.cli", *arguments], check=True)


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
