"""`epitome keys`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from epitome.cli.keys import app
from epitome.desk.database import connect
from epitome.desk.keys import Keys
from epitome.errors import UsageError


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., Result]:
    def it(*arguments: str) -> Result:
        return CliRunner().invoke(app, [*arguments, "--data", str(tmp_path)], catch_exceptions=False)

    return it


def test_a_key_is_made_listed_rotated_and_revoked(tmp_path: Path, run: Callable[..., Result]) -> None:
    options = (
        "--per-minute",
        "60",
        "--per-day",
        "500",
        "--days",
        "30",
        "--scope",
        "jobs",
        "--scope",
        "checks",
    )
    made = run("make", "newsroom", *options)
    assert "printed once" in made.stderr
    keys = Keys(connect(tmp_path / "epitome.sqlite"))
    first = keys.find(made.stdout.strip())
    assert first is not None
    assert (first.name, first.per_minute) == ("newsroom", 60)

    rotated = run("rotate", first.id, "--overlap", "2")
    second = keys.find(rotated.stdout.strip())
    assert second is not None
    assert second.id != first.id
    assert (second.name, second.per_minute, second.per_day) == ("newsroom", 60, 500)
    assert second.scopes == {"jobs", "checks"}
    assert round((second.expires or 0) - second.created) == 30 * 86400
    old = keys.find(made.stdout.strip())  # still works, for two hours
    assert old is not None
    assert round(((old.expires or 0) - second.created) / 60) == 120

    run("rotate", second.id, "--overlap", "0")
    assert keys.find(rotated.stdout.strip()) is None
    run("revoke", first.id)
    assert keys.find(made.stdout.strip()) is None

    rows = [json.loads(line) for line in run("list", "--json").stdout.splitlines()]
    assert [row["valid"] for row in rows] == [False, False, True]
    assert "hash" not in rows[0]
    shown = run("list").stdout.splitlines()
    assert f"{first.id}  revoked 20" in shown[0]
    assert "60 a minute, 500 a day, for checks jobs" in shown[0]
    assert "ended 20" in shown[1]
    assert "in use until 20" in shown[2]


@pytest.mark.parametrize(
    "arguments",
    [
        ("revoke", "00000000"),
        ("rotate", "00000000"),
        ("make", " "),
        ("make", "two\nlines"),
        ("make", "x", "--days", "-1"),
        ("make", "x", "--days", "nan"),
        ("make", "x", "--days", "99999999999"),
        ("make", "x", "--scope", "all"),
    ],
)
def test_what_makes_no_sense_is_told(run: Callable[..., Result], arguments: tuple[str, ...]) -> None:
    run("make", "first")
    with pytest.raises(UsageError):
        run(*arguments)
