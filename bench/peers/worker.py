"""One system, loaded once, that answers JSON lines.

    python worker.py SYSTEM '{"option": …}'

Prints `{"note": …}` when it is loaded. Each line it then reads is a job with `documents` and, in the same order,
`prompts`, the rendered prompts of our product; it answers with `texts`, `prompt_tokens` and `generated_tokens`.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from collections.abc import Callable
from typing import Any

SYSTEMS = {
    "epitome": "ours:Product",
    "engine": "ours:Engine",
    "transformers": "torch_model:TorchModel",
    "llamacpp": "plain_llamacpp:PlainLlamaCpp",
}


def load(name: str) -> Callable[..., Any]:
    """The class of a system, its libraries not imported before."""
    module, _, noun = SYSTEMS[name].partition(":")
    found: Callable[..., Any] = getattr(importlib.import_module(module), noun)
    return found


def main() -> None:
    # C libraries print where they like: what they say must not get between the answers.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    name, options = sys.argv[1], json.loads(sys.argv[2])
    system = load(name)(**options)
    _say(answers, {"note": system.note})
    for line in sys.stdin:
        _say(answers, system.answer(json.loads(line)))


def _say(answers: Any, what: dict[str, Any]) -> None:
    answers.write(json.dumps(what) + "\n")
    answers.flush()


if __name__ == "__main__":
    main()
