"""A search for good settings: Optuna proposes, `train` judges on dev, what does badly early is given up.

The study lies in a SQLite file. The same call goes on with it; several processes may work on one study at once; a trial
whose process was killed is tried again.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from epitome.datasets.pair import Dataset
from epitome.errors import EngineError, EpitomeError, UsageError
from epitome.models.model import Model
from epitome.store.journal import replacing
from epitome.train.config import Config, as_toml, changed
from epitome.train.course import Watch
from epitome.train.report.search import search
from epitome.train.run import train
from epitome.train.space import Space
from epitome.train.validate import Judged

STUDY, BEST, REPORT = "study.db", "best.toml", "report.html"
HEARTBEAT = 60
"""Seconds between signs of life; a trial silent for twice that was killed and is tried again."""


@dataclass(frozen=True, slots=True)
class Found:
    """The best trial so far."""

    value: float
    settings: Mapping[str, Any]
    trials: int
    pruned: int


@dataclass(frozen=True, slots=True)
class Search:
    """What is searched, and how long. `trials` are counted over all calls and processes."""

    space: Space
    trials: int = 20
    seed: int = 0


def tune(
    data: Dataset,
    dev: Dataset,
    model: Model,
    config: Config,
    wanted: Search,
    folder: Path,
    tell: Callable[[str], None],
) -> Found:
    """Search `wanted.space` around `config`; `folder` gets the study, each trial's run, `best.toml` and a page.

    Raises `UsageError` where nothing judges a trial or the study is another, `EngineError` if all trials fail.
    """
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    # Trials whose process was killed: the way to try them again has been "experimental" since 2021.
    warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
    metric = config.eval.metric
    if metric != "loss" and not config.eval.generate:
        raise UsageError(f"eval.metric={metric} needs summaries", hint="set eval.generate above 0")
    folder.mkdir(parents=True, exist_ok=True)
    study = _study(folder, data, config, wanted)
    left = wanted.trials - sum(one.state.is_finished() for one in study.trials)

    def objective(trial: Any) -> float:
        tried = changed(config, {name: one.suggest(trial, name) for name, one in wanted.space.items()})
        return _tried(
            trial, tried, folder, lambda c, where, watch: train(data, dev, model, c, where, watch), tell
        )

    if left > 0:
        stop = optuna.study.MaxTrialsCallback(
            wanted.trials, states=(optuna.trial.TrialState.COMPLETE, optuna.trial.TrialState.PRUNED)
        )
        study.optimize(objective, n_trials=left, callbacks=[stop], catch=(EpitomeError,))
    return _finished(study, config, folder)


def _study(folder: Path, data: Dataset, config: Config, wanted: Search) -> Any:
    import optuna

    storage = optuna.storages.RDBStorage(
        f"sqlite:///{(folder / STUDY).resolve()}",
        heartbeat_interval=HEARTBEAT,
        heartbeat_stale_trial_callback=optuna.storages.RetryHeartbeatStaleTrialCallback(max_retry=3),
        engine_kwargs={"connect_args": {"timeout": 60}},
    )
    study = optuna.create_study(
        study_name="epitome", storage=storage, direction="maximize", load_if_exists=True,
        sampler=optuna.samplers.TPESampler(seed=wanted.seed, n_startup_trials=5),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=4, n_warmup_steps=0),
    )  # fmt: skip
    of = {"data": data.fingerprint, "space": repr(sorted(wanted.space.items())), "config": as_toml(config)}
    if study.user_attrs and any(study.user_attrs.get(name) != value for name, value in of.items()):
        raise UsageError(
            f"{folder} holds a search over other data, settings or ranges", hint="give another folder with -o"
        )
    for name, value in of.items():
        study.set_user_attr(name, value)
    return study


def _tried(
    trial: Any,
    config: Config,
    folder: Path,
    run: Callable[[Config, Path, Watch], Any],
    tell: Callable[[str], None],
) -> float:
    import optuna

    best = float("-inf")

    def judged(figures: Judged) -> None:
        nonlocal best
        value = figures.value(config.eval.metric)
        best = max(best, value)
        trial.report(value, figures.step)
        if trial.should_prune():
            raise optuna.TrialPruned

    said = ", ".join(f"{name} {_short(value)}" for name, value in trial.params.items())
    try:
        run(config, folder / f"trial-{trial.number:03d}", Watch(judged=judged))
    except optuna.TrialPruned:
        tell(f"trial {trial.number}: {said}: given up, below the median")
        raise
    except EpitomeError as error:
        tell(f"trial {trial.number}: {said}: {error}")
        raise
    tell(f"trial {trial.number}: {said}: {_shown(best, config)}")
    return best


def _short(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _shown(value: float, config: Config) -> str:
    return f"loss {-value:.4f}" if config.eval.metric == "loss" else f"{config.eval.metric} {value:.2f}"


def _finished(study: Any, config: Config, folder: Path) -> Found:
    from optuna.trial import TrialState

    done = [one for one in study.trials if one.state == TrialState.COMPLETE]
    if not done:
        raise EngineError(
            "no trial came to an end", hint="try fewer trials by hand first: epitome train … --set KEY=VALUE"
        )
    best = study.best_trial
    with replacing(folder / BEST) as file:
        file.write(as_toml(changed(config, best.params)))
    with replacing(folder / REPORT) as file:
        file.write(search(study, config.eval.metric))
    pruned = sum(one.state == TrialState.PRUNED for one in study.trials)
    return Found(best.value, best.params, len(done), pruned)
