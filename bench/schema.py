"""The service against its own OpenAPI document: no status, header, or shape that is not in there, whatever is sent.

    python bench/schema.py [--cases 5000]

schemathesis makes requests of the document, right ones and wrong ones, and compares the answers with it. The model is the
real one, its answers have at most 4 tokens (`serving/capped.py`). Ends with 1 where something was found.
"""

from __future__ import annotations

import argparse
import re
import secrets
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import httpx

from harness import machine
from harness.process import ProcessError
from harness.report import Report
from serving.started import Ours

ROOT = Path(__file__).resolve().parent.parent
NAMED = ("epitome", "schemathesis", "fastapi", "pydantic", "starlette")
CHECKS = (
    "status_code_conformance", "content_type_conformance", "response_headers_conformance",
    "response_schema_conformance",
)  # fmt: skip
OPERATIONS = {"get", "post", "put", "patch", "delete"}


def examined(server: Ours, asked: argparse.Namespace, log: Path) -> int:
    """Let schemathesis loose; its exit status."""
    document = httpx.get(f"{server.address}/openapi.json").json()
    operations = sum(len(OPERATIONS & path.keys()) for path in document["paths"].values())
    command = [
        sys.executable, "-m", "schemathesis.cli", "run", f"{server.address}/openapi.json",
        "--header", f"Authorization:{server.headers['Authorization']}", "--checks", ",".join(CHECKS),
        "--max-examples", str(-(-asked.cases // operations)), "--seed", str(asked.seed), "--mode", "all",
        "--phases", asked.phases, "--suppress-health-check", "all", "--continue-on-failure",
        "--request-timeout", "300", "--no-color",
    ]  # fmt: skip
    with log.open("wb") as said:
        return subprocess.run(command, stdout=said, stderr=said, cwd=asked.work, check=False).returncode


def answers(metrics: str) -> Counter[tuple[str, str]]:
    """How often each route answered what."""
    rows = re.findall(
        r'^epitome_requests_total{route="([^"]*)",status="(\d+)"} (\S+)$', metrics, re.MULTILINE
    )
    return Counter({(route, status): int(float(count)) for route, status, count in rows})


def arguments(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cases", type=int, default=5000, metavar="N", help="at least so many requests")
    parser.add_argument("--phases", default="examples,coverage,fuzzing,stateful", help="of schemathesis")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, metavar="FILE", default=ROOT / "bench" / "results" / "schema.md")
    parser.add_argument("--work", type=Path, default=ROOT / "runs" / "bench", metavar="FOLDER")
    asked = parser.parse_args(given)
    asked.work = asked.work.resolve()
    asked.work.mkdir(parents=True, exist_ok=True)
    return asked


def main(given: Sequence[str] | None = None) -> int:
    asked = arguments(given)
    machine.require(["schemathesis"])
    report = Report(asked.out, "The service against its OpenAPI document")
    for fact in machine.facts(NAMED, ROOT):
        report.line(fact)
    log = asked.work / "schemathesis.log"
    folder = asked.work / f"schema-{secrets.token_hex(4)}"
    with Ours(folder, ["--archive", "documents"], capped=True) as server:
        status = examined(server, asked, log)
        found = answers(server.metrics())
    report.section("Answers")
    report.table("route", "status", "answers")
    for (route, code), count in sorted(found.items()):
        report.row(route, code, count)
    report.gap()
    report.bar("requests answered", found.total(), asked.cases)
    report.line(
        f"{'pass' if status == 0 else '**MISS**'}: schemathesis ended with {status}; what it says is in {log}"
    )
    return min(status, 1)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except ProcessError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(3)
