"""A pre-training run from top to bottom: texts and a base in, or texts alone, a base out; the same call goes on."""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from epitome.datasets.texts import Corpus, Surveyed, held_out, survey
from epitome.documents.table import BadRow
from epitome.engines.machine import cores
from epitome.errors import EpitomeError, UsageError
from epitome.models import folder as folders
from epitome.models.folder import Form, Trained
from epitome.models.model import Model
from epitome.store.journal import writing
from epitome.train import objectives
from epitome.train.base import Base
from epitome.train.config import INCIDENTAL
from epitome.train.course import Run, Watch, best, follow
from epitome.train.journal import EVALS, RunFiles
from epitome.train.loop import Stepper, evaluated
from epitome.train.methods import adapt, trainable
from epitome.train.objectives import Packed, Scoring, Seq2Seq, weighted
from epitome.train.optimizers import optimizer
from epitome.train.pretrain import masked
from epitome.train.pretrain.base import kind_of, make, open_for, positions_of, vocabulary_of
from epitome.train.pretrain.config import OBJECTIVES, Objective, Pretraining, objective
from epitome.train.pretrain.extend import RAREST, extend
from epitome.train.pretrain.feed import Feed, sequences
from epitome.train.pretrain.masked import MaskedLM
from epitome.train.pretrain.sequences import PIECE, maker
from epitome.train.pretrain.stream import Stream
from epitome.train.pretrain.words import learn
from epitome.train.report.pretrained import card
from epitome.train.validate import Judged
from epitome.train.world import World
from epitome.train.write import Outcome, close, copy_tokenizer, facts_of, figures, learnt, save_weights

WORDS = "words"
"""Of the run's folder: the tokenizer that was trained or extended."""
SAMPLE = 500
"""Documents from which the sequences of an epoch are estimated."""
LEARN = 500_000_000
"""Characters from which a vocabulary is learnt: more changes it no more, and takes its memory."""
PATIENCE = 100_000_000
"""Characters from which reading a corpus through takes so long that it is said."""


@dataclass(frozen=True, slots=True)
class _Job:
    corpus: Corpus
    surveyed: Surveyed
    config: Pretraining
    base: Base
    objective: Objective


def pretrain(
    corpus: Corpus, model: Model | None, config: Pretraining, folder: Path, watch: Watch | None = None
) -> Outcome:
    """Train `model` on texts, or without one a network made anew, and write a folder that `epitome train --base` takes.

    Args:
        corpus: as `open_corpus` finds it; it is read through once before the first step.
        model: the base, as `resolve()` finds it; None: what `config.model` says.
        config: every setting.
        folder: new, or that of the same run, which then goes on where it was.
        watch: told of steps, evaluations, and what a person should know.

    Raises:
        SourceError: there is no text.
        UsageError: the folder holds something else, or a setting makes no sense for this base.
        ModelError: the base has no weights to train, or its tokenizer lacks what the objective needs.
        EngineError: memory does not suffice, or the loss is not finite however often tried.
        StoreError: the disk is full; the state before stays.
    """
    watch = watch or Watch()
    world = World()
    if world.sharded:
        raise UsageError("pre-training does not run under FSDP", hint="torchrun runs it in several processes")
    if not world.first:
        watch = Watch()
    surveyed = _surveyed(corpus, config, watch)
    files = RunFiles(folder, _key(surveyed, model, config))
    if (folder / folders.MANIFEST).is_file():
        files.open()
        watch.note(f"{folder} is finished already; delete it to train again")
        return Outcome(folder, 0, 0, "", [Judged(**line) for line in files.lines(EVALS)])
    world.join()
    try:
        with _begun(files, world):
            job = _prepared(corpus, surveyed, model, config, (files, world, watch))
            run = _set_up(job, files, world, watch)
        follow(run)
        return _written(run, job)
    finally:
        world.leave()


@contextmanager
def _begun(files: RunFiles, world: World) -> Iterator[None]:
    """Make or re-enter the run's folder; what is refused before the first step leaves no new one behind."""
    fresh = world.first and not files.open()
    try:
        yield
    except EpitomeError:
        if fresh:
            shutil.rmtree(files.folder, ignore_errors=True)
        raise


def _surveyed(corpus: Corpus, config: Pretraining, watch: Watch) -> Surveyed:
    size = sum(path.stat().st_size for path in corpus.files)
    if size > PATIENCE:
        watch.note(f"reading {size / 1e6:,.0f} MB of texts through once")
    found = survey(corpus, config.texts.held_out, max(SAMPLE, config.eval.loss_pairs))
    if found.bad:
        watch.note(f"{len(found.bad)} rows or files are passed over, the first: {found.bad[0].reason}")
    if not found.held_out:
        watch.note("no document is held out: nothing tells when the network begins to learn by heart")
    return found


def _key(surveyed: Surveyed, model: Model | None, config: Pretraining) -> dict[str, Any]:
    settings = config.model_dump(mode="json", exclude=INCIDENTAL)
    base = {} if model is None else {"base": model.sha256 or model.name}
    return {**base, "data": surveyed.fingerprint, "settings": settings}


# --- base and words ---


def _prepared(
    corpus: Corpus,
    surveyed: Surveyed,
    model: Model | None,
    config: Pretraining,
    around: tuple[RunFiles, World, Watch],
) -> _Job:
    files, world, watch = around
    torch.set_num_threads(config.train.threads or max(1, cores() // world.size))
    torch.manual_seed(config.seed)
    if world.first:
        _words(corpus, model, config, files.folder / WORDS, watch)
    world.wait()
    words = files.folder / WORDS
    if model is None:
        base = make(config, words)
    else:
        base = open_for(model, words if config.words.add else None)
    wanted = objective(config, base.family, kind_of(base))
    if wanted not in OBJECTIVES[base.family]:
        raise UsageError(
            f"{base.model.name} is of the kind {base.family}, which does not learn {wanted}",
            hint=f"one of {', '.join(OBJECTIVES[base.family])}",
        )
    return _Job(corpus, surveyed, config, base, wanted)


def _words(corpus: Corpus, model: Model | None, config: Pretraining, folder: Path, watch: Watch) -> None:
    """The tokenizer of a network made anew, or the base's with words added: made once, kept until the run ends."""
    if folder.is_dir() or (model is not None and not config.words.add):
        return
    draft = folder.with_name(folder.name + ".tmp")
    shutil.rmtree(draft, ignore_errors=True)
    with writing(folder):
        if model is None:
            made = learn(
                lambda: _texts(corpus, config.texts.held_out),
                config.words,
                str(config.model["type"]),
                positions_of(config),
                draft,
            )
            if made < config.words.size:
                watch.note(f"the texts give {made:,} tokens, fewer than words.size={config.words.size:,}")
        else:
            added = extend(
                vocabulary_of(model), _texts(corpus, config.texts.held_out), config.words.add, draft
            )
            watch.note(_added(added, model, config))
        draft.rename(folder)


def _added(added: int, model: Model, config: Pretraining) -> str:
    """What is told of a vocabulary that has grown."""
    said = f"{added} tokens are added to the vocabulary of {model.name}"
    if added < config.words.add:
        said += f", fewer than {config.words.add}: no other word that it splits stands {RAREST} times in the texts"
    if config.method.name != "full":
        said += (
            f"; {config.method.name} leaves them as the mean of their pieces, --method full lets them learn"
        )
    return said


def _texts(corpus: Corpus, share: float) -> Iterator[str]:
    """The texts that are learnt from, up to `LEARN` characters."""
    left = LEARN
    for file in range(len(corpus.files)):
        for text in corpus.texts(file):
            if not isinstance(text, BadRow) and not held_out(text, share):
                yield text
                left -= len(text)
            if left < 0:
                return


# --- the run ---


def _set_up(job: _Job, files: RunFiles, world: World, watch: Watch) -> Run:
    config, base = job.config, job.base
    device = "cuda" if torch.cuda.is_available() else "cpu"
    base.network.to(device)
    made = maker(base, job.objective, config)
    piece = PIECE * config.data.max_tokens
    stream = Stream(job.corpus, config.texts.held_out, config.texts.buffer, piece, config.seed)
    feed = Feed(stream, made, config.train.batch, config.seed, job.surveyed)
    steps = config.train.max_steps or max(1, math.ceil(config.train.epochs * feed.epoch_steps))
    network = adapt(base, config.method, steps)
    if base.mends and config.method.name != "full":
        masked.learn_head(network)
    if config.train.checkpointing:
        network.gradient_checkpointing_enable()
    predicts = scoring(base, network)
    judged_on = sequences(made, job.surveyed.held, config.seed, config.eval.loss_pairs)
    stepper = Stepper(network, predicts, optimizer(trainable(network), config.optim), config, steps, world)
    judge = judging(network, predicts, judged_on, config.train.row_tokens)
    watch.note(_plan(job, feed, steps, len(judged_on)))
    return Run(config, base, network, predicts, feed, judge, steps, files, stepper, world, watch)


def _plan(job: _Job, feed: Feed, steps: int, judged_on: int) -> str:
    epochs = steps / feed.epoch_steps
    return (
        f"{job.surveyed.documents:,} documents to learn from ({job.surveyed.characters / 1e6:,.1f} million characters, "
        f"about {feed.sequences:,} sequences), {job.surveyed.held_out:,} held out ({judged_on} sequences judge); "
        f"{steps:,} steps, {epochs:.2g} epochs, objective {job.objective}"
    )


def scoring(base: Base, network: Any) -> Scoring:
    """How the base's network is fed and what it predicts; its attention is switched to keep texts in a row apart."""
    settings = base.network.config
    pad = settings.pad_token_id
    if base.mends:
        return MaskedLM(pad or 0, masked.prepare(network))
    if base.encoder_decoder:
        pad = base.end if pad is None else pad
        start = settings.decoder_start_token_id
        return Seq2Seq(pad if start is None else start, pad)
    objectives.prepare(network)
    return Packed()


def judging(
    network: Any, predicts: Scoring, judged_on: list[Any], row_tokens: int
) -> Callable[[int], Judged | None]:
    """Loss and accuracy on held-out sequences, spoilt in the same way each time."""

    def judge(step: int) -> Judged | None:
        if not judged_on:
            return None
        loss = right = count = 0.0
        with evaluated(network):
            for portion in predicts.portions(judged_on, row_tokens):
                logits, targets, weights = predicts.scored(network, portion)
                loss += float(weighted(logits, targets, weights))
                right += float((logits.argmax(-1) == targets).sum())
                count += len(targets)
        return Judged(step, loss / count, accuracy=right / count)

    return judge


# --- the folder ---


def _written(run: Run, job: _Job) -> Outcome:
    assert isinstance(run.order, Feed)
    outcome = best(run, run.order.sample[: job.config.train.batch])
    if run.world.first:
        _write(outcome, run, job)
        shutil.rmtree(outcome.folder / WORDS, ignore_errors=True)
    run.world.wait()
    return outcome


def _write(outcome: Outcome, run: Run, job: _Job) -> None:
    """Whole weights, whatever method changed them: this is a base."""
    folder, base, config = outcome.folder, job.base, job.config
    read = (
        f"{job.corpus.source}: {job.surveyed.documents:,} documents, {job.surveyed.characters:,} characters, "
        f"{job.surveyed.held_out:,} more held out, fingerprint {job.surveyed.fingerprint[:16]}"
    )
    facts = {**({} if config.model else {"base": base.model.name}), "objective": job.objective}
    facts |= facts_of(outcome, config, run.network, read)
    trained = _trained(outcome, run, job)
    network = run.network
    if hasattr(network, "merge_and_unload"):
        network = network.merge_and_unload()
    save_weights(network, config.method.model_copy(update={"name": "full"}), folder)
    with writing(folder):
        copy_tokenizer(base.folder, folder)
    readme = card(folder.resolve().name, base.family, trained, facts, outcome.evaluations)
    close(outcome, trained, config, facts, readme)


def _trained(outcome: Outcome, run: Run, job: _Job) -> Trained:
    base, config = job.base, job.config
    judged = next((one for one in outcome.evaluations if one.step == outcome.best_step), None)
    named = "" if config.model else base.model.name if base.model.sha256 else str(base.model.path)
    return Trained(
        base=named,
        method="full",
        base_sha256=base.model.sha256,
        form=Form(config.prompt.system, config.prompt.user),
        template=base.model.template,
        licence=base.model.licence,
        pretrained=job.objective,
        trained={
            "data": Path(job.corpus.source).name,
            "fingerprint": job.surveyed.fingerprint,
            "documents": job.surveyed.documents,
            "parameters": learnt(run.network),
            "steps": outcome.steps,
            "best_step": outcome.best_step,
            "dev": figures(judged),
        },
    )
