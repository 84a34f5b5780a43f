"""What installs: its licences, and that each library is accounted for in ARCHITECTURE.md."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import Distribution, distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FORBIDDEN = re.compile(r"\bA?GPL|(?<!Lesser )(?<!Library or Lesser )General Public License", re.IGNORECASE)


def choices(distribution: Distribution) -> list[str]:
    """The licences among which a user may choose, as the package states them."""
    metadata = distribution.metadata
    if expression := metadata.get("License-Expression"):
        return re.split(r"\s+OR\s+", expression.strip("()"))
    classifiers = [line for line in metadata.get_all("Classifier") or [] if line.startswith("License ::")]
    free_text = (metadata.get("License") or "").splitlines()[:1]
    return [" ".join(classifiers or free_text)]


@pytest.mark.parametrize("distribution", list(distributions()), ids=lambda found: found.name)
def test_nothing_that_installs_is_under_gpl_or_agpl(distribution: Distribution) -> None:
    stated = choices(distribution)
    assert any(licence and not FORBIDDEN.search(licence) for licence in stated), stated


@pytest.mark.parametrize(
    ("licence", "allowed"),
    [
        ("MIT", True),
        ("LGPL-2.1-only", True),
        ("License :: OSI Approved :: GNU Lesser General Public License v2 (LGPLv2)", True),
        ("GPL-3.0-or-later", False),
        ("AGPL-3.0-only", False),
        ("License :: OSI Approved :: GNU General Public License v3 (GPLv3)", False),
        ("License :: OSI Approved :: GNU Affero General Public License v3", False),
        ("GNU AGPL 3.0", False),
    ],
)
def test_which_licences_count_as_gpl(licence: str, allowed: bool) -> None:
    assert (FORBIDDEN.search(licence) is None) == allowed


def test_every_dependency_has_its_line_in_the_architecture() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    groups = [project["dependencies"], *project["optional-dependencies"].values()]
    names = {re.split(r"[<>=!~\[; ]", line)[0] for group in groups for line in group}
    table = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8").partition("## Dependencies")[2]
    lines = " ".join(line for line in table.splitlines() if line.startswith("|"))
    assert {name for name in names if not re.search(rf"[|,] {re.escape(name)}[ ,|]", lines)} == set()
