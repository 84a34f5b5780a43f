"""Figures sent to the trackers that teams use: TensorBoard's files, Weights & Biases, MLflow."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol

from epitome.errors import EngineError


class Tracker(Protocol):
    """Takes numbers by name."""

    def numbers(self, step: int, values: Mapping[str, float]) -> None:
        """Note values at a step."""

    def close(self) -> None:
        """Write what is left."""


def open_trackers(names: Iterable[str], folder: Path, settings: Mapping[str, Any]) -> list[Tracker]:
    """The trackers asked for, all writing below `folder`. Raises `EngineError` for one that is not installed."""
    makers: dict[str, Callable[[Path, Mapping[str, Any]], Tracker]] = {
        "tensorboard": _TensorBoard,
        "wandb": _WeightsAndBiases,
        "mlflow": _MlFlow,
    }
    opened: list[Tracker] = []
    for name in names:
        try:
            opened.append(makers[name](folder, settings))
        except ImportError as error:
            raise EngineError(f"{name} is not installed", hint=f"pip install {name}") from error
    return opened


class _TensorBoard:
    def __init__(self, folder: Path, settings: Mapping[str, Any]) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self._writer = SummaryWriter(str(folder / "tensorboard"))

    def numbers(self, step: int, values: Mapping[str, float]) -> None:
        for name, value in values.items():
            self._writer.add_scalar(name, value, step)

    def close(self) -> None:
        self._writer.close()


class _WeightsAndBiases:
    """Local files unless the environment says otherwise (`WANDB_MODE`): nothing leaves the machine unasked."""

    def __init__(self, folder: Path, settings: Mapping[str, Any]) -> None:
        import wandb

        mode = os.environ.get("WANDB_MODE", "offline")
        self._run = wandb.init(
            dir=str(folder), config=dict(settings), mode=mode, name=folder.name, resume="allow"
        )

    def numbers(self, step: int, values: Mapping[str, float]) -> None:
        self._run.log(dict(values), step=step)

    def close(self) -> None:
        self._run.finish()


class _MlFlow:
    """A SQLite file and folder in the run's own, unless `MLFLOW_TRACKING_URI` names a server."""

    def __init__(self, folder: Path, settings: Mapping[str, Any]) -> None:
        import mlflow

        if not os.environ.get("MLFLOW_TRACKING_URI"):
            mlflow.set_tracking_uri(f"sqlite:///{folder.resolve() / 'mlflow.db'}")
        mlflow.set_experiment("epitome")
        self._mlflow = mlflow
        mlflow.start_run(run_name=folder.name)
        mlflow.log_params({name: str(value)[:500] for name, value in settings.items()})

    def numbers(self, step: int, values: Mapping[str, float]) -> None:
        self._mlflow.log_metrics(dict(values), step=step)

    def close(self) -> None:
        self._mlflow.end_run()
