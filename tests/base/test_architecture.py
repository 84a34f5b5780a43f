"""The house stays as ARCHITECTURE.md draws it: ranks, lanes, no cycles, budgets.

Every import counts, also those inside functions, under `TYPE_CHECKING` and in tables of strings such as
`"epitome.engines.llamacpp:LlamaCpp"`.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "epitome"

RANKS = (
    {"types", "errors", "settings", "stages"},
    {"documents", "models", "store", "metrics", "pages"},
    {"engines", "datasets"},
    {"trust"},
    {"summarize"},
    {""},  # epitome/__init__.py, the public names
    {"evaluate"},
    {"train"},
    {"shrink", "desk"},
    {"apps"},
    {"serve"},
    {"cli"},
)
RANK = {name: rank for rank, names in enumerate(RANKS) for name in names}

WORKSHOP = {"datasets", "train", "evaluate", "shrink"}
PRODUCT = RANK.keys() - WORKSHOP - {"cli"}
WORKSHOP_COMMANDS = {
    "data", "evaluate", "compare", "rate", "gate", "train", "tune", "pretrain", "merge", "export",
    "results", "examples",
}  # fmt: skip
"""Of cli/: the commands of the workshop lane, how their results are shown, and the pairs of `--examples`, read only
where it is given."""
EVERY_COMMAND = {"__init__", "__main__", "main"}
"""Of cli/: what knows all commands, by name only."""

MAX_FILE_LINES = 500
MAX_FUNCTION_LINES = 60
MAX_PARAMETERS = 8
VAGUE_NAMES = {"utils", "util", "helpers", "common", "misc"}

Graph = dict[str, set[str]]
"""Module name -> names of the modules of the same package that it imports."""


def modules(root: Path) -> dict[str, Path]:
    """Dotted names and files below a package folder."""
    found = {}
    for path in sorted(root.rglob("*.py")):
        parts = path.relative_to(root.parent).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def named(tree: ast.AST, module: str, is_package: bool) -> Iterator[str]:
    """Every dotted name that a module imports or mentions as a string; `from a import b` gives `a.b`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parts = module.split(".")
                above = parts[: len(parts) - node.level + is_package]
                base = ".".join([*above, node.module] if node.module else above)
            yield from (f"{base}.{alias.name}" for alias in node.names)
        elif (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and re.fullmatch(r"\w+(\.\w+)+(:\w+)?", node.value)
            and not node.value.endswith(".json")
        ):
            yield node.value.replace(":", ".")


def import_graph(root: Path) -> Graph:
    """Which module of the package imports which other one."""
    files = modules(root)
    graph: Graph = {name: set() for name in files}
    for module, path in files.items():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for name in named(tree, module, path.name == "__init__.py"):
            while name and name not in files:
                name = name.rpartition(".")[0]
            if name and name != module:
                graph[module].add(name)
    return graph


def package(module: str) -> str:
    """`epitome.engines.llamacpp` -> `engines`; the root is an empty name."""
    return module.removeprefix("epitome").lstrip(".").split(".")[0]


def rank_errors(graph: Graph) -> list[str]:
    """Imports that go upwards or sideways, and packages that stand nowhere."""
    errors = [f"{module} has no rank" for module in graph if package(module) not in RANK]
    for module, targets in graph.items():
        for target in targets:
            own, other = package(module), package(target)
            if own != other and own in RANK and other in RANK and RANK[other] >= RANK[own]:
                errors.append(f"{module} imports {target}")
    return errors


def lane_errors(graph: Graph) -> list[str]:
    """Where summarising would load training or evaluation code."""
    errors = []
    for module, targets in graph.items():
        own, verb = package(module), module.split(".")[2:3]
        command = own == "cli" and not set(verb) <= WORKSHOP_COMMANDS | EVERY_COMMAND
        if own in PRODUCT or command:
            errors += [f"{module} imports {target}" for target in targets if package(target) in WORKSHOP]
    return errors


def cycles(graph: Graph) -> list[list[str]]:
    """Groups of modules that import each other, directly or in a circle (Tarjan 1972)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(node: str) -> None:
        index[node] = low[node] = len(index)
        stack.append(node)
        for target in sorted(graph[node]):
            if target not in index:
                visit(target)
                low[node] = min(low[node], low[target])
            elif target in stack:
                low[node] = min(low[node], index[target])
        if low[node] == index[node]:
            at = stack.index(node)
            if len(stack) - at > 1:
                found.append(sorted(stack[at:]))
            del stack[at:]

    for node in graph:
        if node not in index:
            visit(node)
    return found


def over_budget(module: str, text: str) -> list[str]:
    """What in one file is too long, too wide or too vague."""
    errors = []
    if VAGUE_NAMES & set(module.split(".")):
        errors.append(f"{module}: the name says nothing")
    if (lines := text.count("\n")) > MAX_FILE_LINES:
        errors.append(f"{module}: {lines} lines, at most {MAX_FILE_LINES}")
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        # Options of a command are its parameters, a line or more each: its signature is a table, not logic.
        command = package(module) == "cli" and not node.name.startswith("_")
        lines = (node.end_lineno or 0) - (node.body[0] if command else node).lineno + 1
        if lines > MAX_FUNCTION_LINES:
            errors.append(f"{module}.{node.name}: {lines} lines, at most {MAX_FUNCTION_LINES}")
        if not command and (wide := len(parameters(node))) > MAX_PARAMETERS:
            errors.append(f"{module}.{node.name}: {wide} parameters, at most {MAX_PARAMETERS}")
    return errors


def parameters(node: ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
    """Names a caller may pass, without `self` and `cls`."""
    arguments = node.args
    names = [a.arg for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
    return [name for name in names if name not in {"self", "cls"}]


def outside_standard_library(path: Path) -> set[str]:
    """Top-level packages a file imports that do not come with Python."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    imported = {
        name.split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in (
            [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
        )
    }
    return imported - sys.stdlib_module_names


# The house


@pytest.fixture(scope="module")
def house() -> Graph:
    graph = import_graph(SOURCE)
    assert "epitome.types" in graph
    return graph


def test_imports_go_downwards_only(house: Graph) -> None:
    assert rank_errors(house) == []


def test_summarising_loads_no_workshop_code(house: Graph) -> None:
    assert lane_errors(house) == []


def test_no_module_imports_itself_in_a_circle(house: Graph) -> None:
    assert cycles(house) == []


def test_files_and_functions_keep_their_budgets() -> None:
    errors = []
    for module, path in modules(SOURCE).items():
        errors += over_budget(module, path.read_text(encoding="utf-8"))
    assert errors == []


@pytest.mark.parametrize("name", sorted(RANKS[0]))
def test_the_nouns_need_only_the_standard_library(name: str) -> None:
    assert outside_standard_library(SOURCE / f"{name}.py") == set()


# The rules themselves, on a house that breaks each of them


@pytest.fixture
def ruin(tmp_path: Path) -> Path:
    """A package that does everything wrong."""
    files = {
        "__init__.py": "",
        "types.py": "import numpy\nfrom os import path\n",
        "documents/__init__.py": "",
        "documents/read.py": "def read():\n    from ..models import find\n",
        "models/__init__.py": "def find(): ...\n",
        "engines/__init__.py": "ENGINES = {'a': 'epitome.engines.a:A'}\n",
        "engines/a.py": "import epitome.engines\nimport epitome.models\n",
        "trust/__init__.py": "from epitome import __version__\n",
        "summarize/__init__.py": "from epitome import evaluate\n",
        "evaluate/__init__.py": "from epitome.summarize import run\n",
        "cli/__init__.py": "",
        "cli/check.py": "def check():\n    import epitome.train\n",
        "cli/train.py": "import epitome.train\n",
        "train/__init__.py": "",
        "odd/__init__.py": "",
    }
    root = tmp_path / "epitome"
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    return root


def test_upward_and_sideways_imports_are_found(ruin: Path) -> None:
    assert sorted(rank_errors(import_graph(ruin))) == [
        "epitome.documents.read imports epitome.models",
        "epitome.odd has no rank",
        "epitome.summarize imports epitome.evaluate",
        "epitome.trust imports epitome",
    ]


def test_workshop_imports_of_the_product_are_found(ruin: Path) -> None:
    assert sorted(lane_errors(import_graph(ruin))) == [
        "epitome.cli.check imports epitome.train",
        "epitome.summarize imports epitome.evaluate",
    ]


def test_circles_are_found_also_through_strings(ruin: Path) -> None:
    assert cycles(import_graph(ruin)) == [
        ["epitome.engines", "epitome.engines.a"],
        ["epitome.evaluate", "epitome.summarize"],
    ]


def test_foreign_packages_are_found(ruin: Path) -> None:
    assert outside_standard_library(ruin / "types.py") == {"numpy"}


@pytest.mark.parametrize(
    ("module", "text", "complaint"),
    [
        ("epitome.utils", "", "the name says nothing"),
        ("epitome.store.common", "", "the name says nothing"),
        ("epitome.store", "x = 1\n" * 501, "501 lines"),
        ("epitome.store", "def f():\n" + "    x = 1\n" * 60, "f: 61 lines"),
        ("epitome.store", "async def f(a, b, /, c, d, e, *, f, g, h, i): ...\n", "9 parameters"),
        ("epitome.cli.check", "def check(\n    a,\n    b,\n):\n" + "    x = 1\n" * 61, "check: 61 lines"),
        ("epitome.cli.check", "def _show(a, b, c, d, e, f, g, h, i): ...\n", "9 parameters"),
    ],
)  # fmt: skip
def test_broken_budgets_are_found(module: str, text: str, complaint: str) -> None:
    (error,) = over_budget(module, text)
    assert complaint in error


@pytest.mark.parametrize(
    ("module", "text"),
    [
        ("epitome.store", "x = 1\n" * 500),
        ("epitome.store", "def f():\n" + "    x = 1\n" * 59),
        ("epitome.store", "class A:\n    def f(self, a, b, c, d, e, f, g, h): ...\n"),
        ("epitome.cli.check", "def check(a, b, c, d, e, f, g, h, i, j): ...\n"),
        ("epitome.cli.check", "def check(" + "\n    a," * 9 + "\n):\n" + "    x = 1\n" * 60),
    ],
)
def test_kept_budgets_are_not_blamed(module: str, text: str) -> None:
    assert over_budget(module, text) == []
