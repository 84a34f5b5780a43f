"""One adapter in every engine: do they write what transformers and PEFT write, and what is lost as it is served?

    python bench/adapters.py --data FOLDER --adapter FOLDER [--set scitldr] [--documents 20] [--base default]

Exact: greedy answers of llama.cpp on a float32 GGUF of the base, the adapter beside it, and of transformers in float32
with PEFT. Counted: documents with the same text; compared: the log-probabilities of the tokens up to the first that
differs. Served: ROUGE of each engine as `epitome summarize` opens it, on the same documents, beside that of float32.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from epitome.engines import unpack
from epitome.engines.base import Answer, Decoding, GenerationRequest, answers
from epitome.engines.huggingface import Transformers
from epitome.engines.llamacpp import LlamaCpp
from epitome.engines.machine import cores
from epitome.engines.open import open_engine
from epitome.metrics.rouge import rouge
from epitome.models import adapter, folder, lora, weights
from epitome.models.local import from_folder
from epitome.models.model import Model
from epitome.models.resolve import resolve
from epitome.summarize.prompts import Asked, Text, prompt
from harness.machine import facts
from harness.report import Report

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("xllamacpp", "openvino-genai", "torch", "transformers", "peft")
SAME, NEAR, POINT = 18 / 20, 1e-2, 1.0
"""The bars: share of the same texts, largest difference of a log-probability, points of ROUGE-1."""
SERVED = ("llamacpp", "openvino", "transformers")


def requests(
    rows: Sequence[dict[str, Any]], name: str, form: folder.Form, tokens: int
) -> list[GenerationRequest]:
    """What a model is asked of each document, as `epitome summarize` asks for a sentence."""
    decoding = Decoding(max_tokens=tokens, logprobs=True, adapter=name)
    return [
        GenerationRequest(
            prompt(Text(row["document"], row.get("title", "")), Asked(), "en", form=form), decoding
        )
        for row in rows
    ]


def exact(
    model: Model, path: Path, asked: Sequence[GenerationRequest]
) -> tuple[list[Answer], dict[str, list[Answer]]]:
    """Answers of transformers, and of llama.cpp by how it keeps keys and values; all on 32-bit weights."""
    name = str(asked[0].decoding.adapter)
    plain = replace(from_folder(unpack.unpacked(model)), template=model.template)
    with Transformers(plain, adapters={name: path}, dtype="float32") as engine:
        # One at a time: padding changes the last digits.
        theirs = [answers(engine, [request])[0] for request in asked]
    fitted = adapter.read(path, model)
    beside = lora.as_gguf(model, fitted) if fitted.low_rank else weights.prepared(model, "f32", fitted)
    ours = {}
    for kept, precise in (("32 bits", True), ("16 bits, as served", False)):
        with LlamaCpp(
            model, weights=weights.prepared(model, "f32"), adapters={name: beside}, exact=precise
        ) as other:
            ours[kept] = answers(other, asked)
    return theirs, ours


def differences(ours: Sequence[Answer], theirs: Sequence[Answer]) -> list[float]:
    """For each document: the largest difference of a log-probability, up to the first other token."""
    found = []
    for mine, other in zip(ours, theirs, strict=True):
        largest = 0.0
        for at, token in enumerate(mine.tokens):
            if at >= len(other.tokens) or other.tokens[at] != token:
                break
            largest = max(largest, abs(mine.logprobs[at] - other.logprobs[at]))
        found.append(largest)
    return found


def compare(report: Report, theirs: Sequence[Answer], ours: dict[str, list[Answer]]) -> None:
    """Same texts and log-probabilities; the bars hold for keys and values in 32 bits."""
    report.section("llama.cpp on a float32 GGUF beside transformers in float32")
    report.table(
        "keys and values", "same texts", "of", "largest difference", "mean of the documents' largest"
    )
    for kept, found in ours.items():
        same = sum(mine.text == other.text for mine, other in zip(found, theirs, strict=True))
        apart = differences(found, theirs)
        report.row(kept, same, len(found), f"{max(apart):.5f}", f"{sum(apart) / len(apart):.5f}")
    report.gap()
    found = next(iter(ours.values()))
    same = sum(mine.text == other.text for mine, other in zip(found, theirs, strict=True))
    report.bar("share of the same greedy texts", same / len(found), SAME)
    report.bar(
        f"share of documents whose log-probabilities agree within {NEAR:g}",
        sum(apart <= NEAR for apart in differences(found, theirs)) / len(found),
        1.0,
    )


def scores(found: Sequence[Answer], rows: Sequence[dict[str, Any]]) -> list[float]:
    """Mean ROUGE-1, 2 and L by the SciTLDR authors' protocol."""
    each = [
        rouge(answer.text.strip(), row.get("summaries") or [row["summary"]], protocol="best-r1")
        for answer, row in zip(found, rows, strict=True)
    ]
    return [sum(one[name] for one in each) / len(each) for name in ("rouge1", "rouge2", "rougeL")]


def serve(
    report: Report,
    model: Model,
    asked: Sequence[GenerationRequest],
    rows: Sequence[dict[str, Any]],
    exact: float,
) -> dict[str, float]:
    """ROUGE of each engine as it is served; `exact` is ROUGE-1 in float32. Returns the differences to it."""
    lost = {}
    name = str(asked[0].decoding.adapter)
    for which in SERVED:
        start = time.perf_counter()
        with open_engine(model, engine=which, adapter=name, work=len(rows)) as engine:  # type: ignore[attr-defined]
            opened = time.perf_counter()
            found = answers(engine, asked)
        figures = scores(found, rows)
        lost[which] = figures[0] - exact
        report.row(
            which,
            *(f"{figure:.2f}" for figure in figures),
            f"{lost[which]:+.2f}",
            opened - start,
            time.perf_counter() - opened,
        )
    return lost


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--adapter", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--set", default="scitldr")
    parser.add_argument("--documents", type=int, default=20)
    parser.add_argument("--tokens", type=int, default=60, help="of an answer, at most")
    parser.add_argument("--base", default="", help="default: as the adapter says")
    parser.add_argument("--out", type=Path, default=ROOT / "bench" / "results" / "adapters.md")
    given = parser.parse_args()
    lines = (given.data / given.set / "dev.jsonl").read_text("utf-8").splitlines()[: given.documents]
    rows = [json.loads(line) for line in lines]
    trained = folder.read(given.adapter)
    model = folder.spoken(resolve(given.base or (trained.base if trained else "default")), trained)
    asked = requests(rows, str(given.adapter), trained.form if trained else folder.Form(), given.tokens)
    report = Report(given.out, f"One adapter in every engine: {given.adapter.name} on {model.name}")
    for fact in facts(PACKAGES, ROOT):
        report.line(fact)
    report.line(
        f"{len(rows)} documents of {given.set} dev, greedy, at most {given.tokens} tokens, {cores()} threads"
    )
    theirs, ours = exact(model, given.adapter, asked)
    compare(report, theirs, ours)
    report.section("As it is served")
    report.table(
        "engine", "ROUGE-1", "ROUGE-2", "ROUGE-L", "ROUGE-1 against float32", "s to open", "s to write"
    )
    reference = scores(theirs, rows)
    report.row("transformers, float32", *(f"{figure:.2f}" for figure in reference), "", "", "")
    lost = serve(report, model, asked, rows, reference[0])
    report.gap()
    for which, apart in lost.items():
        report.bar(f"ROUGE-1 of {which} against float32", apart, -POINT)


if __name__ == "__main__":
    main()
