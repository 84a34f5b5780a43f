"""A small BERT and a small T5 from nothing, on what Debian's packages say of themselves, beside a 5-gram model.

    python recipes/scratch.py bert          # -> runs/small-bert: an hour on one core; goes on when called again
    python recipes/scratch.py t5 --work runs --set train.max_steps=100

The corpus is this machine's package index (long descriptions need `apt-get -o Acquire::Languages=en update`), without
near-duplicates: of parts of one program, which say the same, one is kept, or held-out texts would be known by heart.
The settings are in small-bert.toml and small-t5.toml beside this script. At the end the loss on held-out documents is
set beside that of a 5-gram model with the same vocabulary, trained on the same documents, on the same tokens: those
that the network has to predict. The 5-gram model sees the true tokens before them. `5-gram.json` has the figures.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from kneser_ney import KneserNey, trained
from torch.nn import functional

from epitome.datasets import debian
from epitome.datasets.near import near
from epitome.datasets.texts import Corpus, open_corpus, survey
from epitome.metrics.bootstrap import interval
from epitome.models.resolve import resolve
from epitome.train.base import Base
from epitome.train.loop import evaluated
from epitome.train.pretrain.base import open_for
from epitome.train.pretrain.config import Pretraining, load
from epitome.train.pretrain.corrupt import Rewritten, masked, spans_restored, whole_words
from epitome.train.pretrain.feed import sequences
from epitome.train.pretrain.masked import Cloze
from epitome.train.pretrain.run import scoring
from epitome.train.pretrain.sequences import maker

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
ROW_TOKENS = 4096
Ids = tuple[int, ...]
Known = tuple[Ids, Ids]
"""The true tokens of a sequence, and the places of those that are predicted."""


def gathered(path: Path, root: Path) -> None:
    """The descriptions, a row each, near-duplicates left out."""
    pairs = debian.build(root).data.pairs
    twice = {at for group in near([(pair.document, pair.lang) for pair in pairs]) for at in group[1:]}
    rows = (
        json.dumps({"id": pair.id, "text": pair.document}, ensure_ascii=False) + "\n"
        for at, pair in enumerate(pairs)
        if at not in twice
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(rows), "utf-8")
    print(f"{path}: {len(pairs) - len(twice):,} descriptions, {len(twice):,} near-duplicates left out")


def compared(folder: Path, corpus: Corpus, config: Pretraining) -> dict[str, Any]:
    """Losses of the network and of the 5-gram model, in nats a token, by what was spoilt."""
    base = open_for(resolve(str(folder)), None)
    grams = trained(corpus, config.texts.held_out, base.words.encode, base.words.size)
    found = survey(corpus, config.texts.held_out, config.eval.loss_pairs)
    objective = config.corrupt.objective
    made = sequences(maker(base, objective, config), found.held, config.seed, config.eval.loss_pairs)
    figures = {objective: _figures(base, grams, made, _of_t5(base) if objective == "t5" else _of_bert(base))}
    if objective == "mlm":
        figures["15 % of the tokens"] = _figures(base, grams, _single(base, config, made), _of_bert(base))
    return {"parameters": base.network.num_parameters(), "vocabulary": base.words.size, **figures}


def _single(base: Base, config: Pretraining, made: Sequence[Cloze]) -> list[Cloze]:
    """The same texts with as many tokens masked, one by one, as BERT first did."""
    draw = random.Random(config.seed)
    found = []
    for one in made:
        true, _ = _of_bert(base)(one)
        words = [(token,) for token in true]
        spoilt = masked(
            words, whole_words(words, 0.15, draw), base.words.role("mask"), base.words.ordinary, draw
        )
        ids = (one.ids[0], *spoilt.ids, one.ids[-1])
        found.append(Cloze(one.id, ids, tuple(place + 1 for place in spoilt.places), spoilt.targets))
    return found


def _of_bert(base: Base) -> Callable[[Any], Known]:
    def known(one: Cloze) -> Known:
        ids = list(one.ids)
        for place, target in zip(one.places, one.targets, strict=True):
            ids[place] = target
        return tuple(ids[1:-1]), tuple(place - 1 for place in one.places)

    return known


def _of_t5(base: Base) -> Callable[[Any], Known]:
    sentinels = set(base.words.sentinels)

    def known(one: Any) -> Known:
        return spans_restored(Rewritten(one.prompt[:-1], one.branches[0].ids[:-1]), sentinels)

    return known


def _figures(
    base: Base, grams: KneserNey, made: Sequence[Any], known: Callable[[Any], Known]
) -> dict[str, Any]:
    """Mean losses over all predicted tokens; the difference by sequence, with its interval."""
    ours = _network(base, made)
    theirs = []
    for one in made:
        ids, places = known(one)
        theirs.append(grams.losses(ids)[list(places)])
    assert [len(one) for one in ours] == [len(one) for one in theirs]
    lead = [float((b - a).mean()) for a, b in zip(ours, theirs, strict=True) if len(a)]
    mean, low, high = interval(lead)
    return {
        "sequences": len(made),
        "tokens": sum(map(len, ours)),
        "network": float(np.concatenate(ours).mean()),
        "5-gram": float(np.concatenate(theirs).mean()),
        "lead by sequence": {"mean": mean, "low": low, "high": high},
    }


def _network(base: Base, made: Sequence[Any]) -> list[Any]:
    """The loss of each predicted token of the text, sentinels and ends left out, sequence by sequence."""
    marks = torch.tensor(sorted({*base.words.sentinels, base.words.around()[1][0]}))
    objective = scoring(base, base.network)
    losses = []
    with evaluated(base.network):
        for one in made:
            logits, targets, _ = objective.scored(base.network, [one])
            found = functional.cross_entropy(logits.float(), targets, reduction="none")
            losses.append(found[~torch.isin(targets, marks)].numpy())
    return losses


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("network", choices=("bert", "t5"))
    parser.add_argument("--work", type=Path, default=ROOT / "runs", metavar="FOLDER")
    parser.add_argument("--root", type=Path, default=Path("/"), help="whose package index is read")
    parser.add_argument("--set", dest="settings", action="append", default=[], metavar="KEY=VALUE")
    asked = parser.parse_args()
    texts, folder = asked.work / "debian.jsonl", asked.work / f"small-{asked.network}"
    plan = HERE / f"small-{asked.network}.toml"
    if not texts.is_file():
        gathered(texts, asked.root)
    command = [sys.executable, "-m", "epitome.cli", "pretrain", str(texts), "--from-scratch", str(plan)]
    command += ["-o", str(folder)]
    for setting in asked.settings:
        command += ["--set", setting]
    subprocess.run(command, check=True)
    config = load(folder / "config.toml", (), {})
    torch.set_num_threads(config.train.threads or torch.get_num_threads())
    figures = compared(folder, open_corpus(str(texts)), config)
    (folder / "5-gram.json").write_text(json.dumps(figures, indent=1) + "\n", "utf-8")
    print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
