"""A command in this process: torch is there already, and a refusal takes no seconds."""

from __future__ import annotations

import signal
from collections.abc import Callable

import pytest

from epitome.cli.main import main

Run = Callable[..., tuple[int, str]]


def runner(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Takes the command's words; gives its exit code, and what standard error says, which is never a traceback."""

    def run(*words: object) -> tuple[int, str]:
        monkeypatch.setattr("sys.argv", ["epitome", *map(str, words)])
        before = signal.getsignal(signal.SIGINT)
        code = 0
        try:
            main()
        except SystemExit as ended:
            code = int(ended.code or 0)
        finally:
            signal.signal(signal.SIGINT, before)
        said = capsys.readouterr().err
        assert "Traceback" not in said
        assert "epitome: unexpected" not in said
        return code, said

    return run
