"""The run's own files: a line a step, a line an evaluation, and what the run is, so that the same command goes on."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from epitome.errors import UsageError
from epitome.store.journal import replacing, writing
from epitome.train.loop import Stepped
from epitome.train.validate import Judged

LOG, EVALS, RUN = "log.jsonl", "evals.jsonl", "run.json"


@dataclass(slots=True)
class RunFiles:
    """`folder` holds one run. `key` says which: base, data and settings."""

    folder: Path
    key: dict[str, Any]

    def open(self) -> bool:
        """Make or re-enter the folder; whether a run was there. Raises `UsageError` if it holds something else."""
        path = self.folder / RUN
        if path.is_file():
            try:
                held = json.loads(path.read_text("utf-8"))
            except ValueError:
                held = {}
            if held != self.key:
                differs = sorted(name for name in self.key if held.get(name) != self.key[name])
                raise UsageError(
                    f"{self.folder} holds another run: its {', '.join(differs)} differ",
                    hint="give another folder with -o, or delete this one to begin anew",
                )
            return True
        if self.folder.exists() and not self.folder.is_dir():
            raise UsageError(f"{self.folder} is a file", hint="give a new folder with -o")
        if self.folder.exists() and any(self.folder.iterdir()):
            raise UsageError(f"{self.folder} is not empty and holds no run", hint="give a new folder with -o")
        with writing(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
        with replacing(path) as file:
            json.dump(self.key, file, ensure_ascii=False, indent=1)
        return False

    def rewind(self, step: int) -> None:
        """Drop the lines after `step`: they will be written again."""
        for name in (LOG, EVALS):
            path = self.folder / name
            if path.is_file():
                kept = [line for line in self.lines(name) if line["step"] <= step]
                with replacing(path) as file:
                    file.writelines(json.dumps(line, ensure_ascii=False) + "\n" for line in kept)

    def lines(self, name: str) -> list[dict[str, Any]]:
        """The records of a file; a last line that a kill tore is left out."""
        path = self.folder / name
        if not path.is_file():
            return []
        found = []
        for line in path.read_text("utf-8").splitlines():
            try:
                found.append(json.loads(line))
            except ValueError:
                break
        return found

    def step(self, stepped: Stepped, epoch: float) -> None:
        """Note a step."""
        self._add(LOG, {**asdict(stepped), "epoch": round(epoch, 4)})

    def judged(self, judged: Judged) -> None:
        """Note an evaluation."""
        self._add(EVALS, asdict(judged))

    def _add(self, name: str, record: dict[str, Any]) -> None:
        path = self.folder / name
        with writing(path), path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(record, ensure_ascii=False) + "\n")
