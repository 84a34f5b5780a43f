"""The public names, and how fast they and the command arrive."""

from __future__ import annotations

import inspect
import resource
import statistics
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import epitome
from epitome.cli.commands import COMMANDS, command

ROOT = Path(__file__).parents[2]
HEAVY = {
    "numpy",
    "torch",
    "trafilatura",
    "transformers",
    "xllamacpp",
    "openvino_genai",
    "lxml",
    "pyarrow",
    "sumy",
}
HELP_SECONDS = 0.3
COMMAND = Path(sys.executable).with_name("epitome")


def loaded_by(code: str) -> set[str]:
    """Top-level packages in memory after a piece of Python ran in a process of its own."""
    script = f"{code}\nimport sys\nprint('\\nloaded:', *{{name.split('.')[0] for name in sys.modules}})"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(run.stdout.rpartition("loaded:")[2].split())


def test_importing_epitome_loads_nothing_heavy() -> None:
    assert loaded_by("import epitome") & HEAVY == set()


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["summarize", "--help"], ["models", "--help"], ["data", "--help"], ["--version"]],
)
def test_asking_for_help_loads_nothing_heavy(arguments: list[str]) -> None:
    code = (
        f"import sys; sys.argv = ['epitome', *{arguments}]\n"
        "from epitome.cli.main import main\n"
        "try: main()\nexcept SystemExit as end: assert not end.code"
    )
    assert loaded_by(code) & HEAVY == set()


def test_help_is_there_at_once() -> None:
    def seconds() -> float:
        """Of processor time: as much as it takes where nothing else runs, and the same where something does."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([COMMAND, "--help"], capture_output=True, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    assert statistics.median(seconds() for _ in range(5)) < HELP_SECONDS


@pytest.mark.parametrize("name", COMMANDS)
def test_help_says_of_each_command_what_its_own_help_says(name: str) -> None:
    assert " ".join(str(command(name).help).split("\n\n")[0].split()) == COMMANDS[name]


def test_help_names_the_commands() -> None:
    shown = subprocess.run([COMMAND, "--help"], capture_output=True, text=True, check=True).stdout
    assert "summarize" in shown
    assert "models" in shown


def test_the_version_is_the_projects() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    shown = subprocess.run([COMMAND, "--version"], capture_output=True, text=True, check=True).stdout
    assert epitome.__version__ == project["version"]
    assert project["version"] in shown
    assert f"## [{project['version']}]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_at_most_twelve_public_names() -> None:
    assert 0 < len(epitome.__all__) <= 12
    assert len(set(epitome.__all__)) == len(epitome.__all__)
    assert set(epitome.__all__) <= set(dir(epitome))


@pytest.mark.parametrize("name", epitome.__all__)
def test_public_names_resolve_and_are_documented(name: str) -> None:
    thing = getattr(epitome, name)
    if inspect.isclass(thing) or inspect.isroutine(thing):
        assert inspect.getdoc(thing), f"epitome.{name} has no docstring"
        assert not (inspect.getdoc(thing) or "").startswith(f"{name}("), (
            "dataclasses write that one themselves"
        )


def test_a_wrong_name_is_an_ordinary_error() -> None:
    with pytest.raises(AttributeError, match="sumarize"):
        _ = epitome.sumarize  # type: ignore[attr-defined]
