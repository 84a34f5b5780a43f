"""The sub-commands by name. Each is read and built when it is called: `epitome --help` need not wait for all."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command, get_group

COMMANDS = {
    "summarize": "Summarise documents on this machine and show what each sentence rests on.",
    "check": "Check whether a summary, whoever wrote it, says only what its document says.",
    "mask": "Replace personal data by placeholders such as <PERSON_1>, or put it back.",
    "evaluate": "Score any mix of models, adapters, baselines and files of outputs on data with gold summaries.",
    "rate": "Make a study of systems' summaries, let people judge them blind, and report what they say.",
    "compare": "Compare the systems of earlier evaluations on the same data, document by document.",
    "train": "Fine-tune a summariser on pairs of documents and summaries, "
    "and write a model folder that every command takes.",
    "pretrain": "Learn a language, or a domain's part of it, from texts without summaries; "
    "the folder is a base for `train`.",
    "tune": "Search for settings: Optuna proposes, each trial is a training run, "
    "what does badly is given up early.",
    "merge": "Merge an adapter into the weights of its base.",
    "export": "Write a model as GGUF or safetensors.",
    "gate": "Hold the quality of summaries: measure again, and fail where a figure has fallen under its floor.",
    "drift": "Compare the service's last documents with a reference: length, language, support, "
    "lengths that were met.",
    "serve": "Serve summaries over HTTP, to whoever has a key; OpenAI's clients work, too.",
    "keys": "Make, list, rotate and revoke the service's keys.",
    "reviews": "Approve, edit or reject the summaries that need a person.",
    "models": "List, fetch, inspect and remove models.",
    "data": "Look into corpora, clean, split, convert, fetch and make them.",
}
"""What `epitome --help` says of each: the first sentence of its own help (tests/base/test_surface.py)."""


def command(name: str) -> Any:
    """The sub-command `name`, from the module of that name: its function, or the group that it calls `app`."""
    module = import_module(f"epitome.cli.{name}")
    if hasattr(module, "app"):
        return get_group(module.app)
    alone = typer.Typer(add_completion=False)
    alone.command(name, epilog=module.EXAMPLES)(getattr(module, name))
    return get_command(alone)


class Commands(TyperGroup):
    """A group of `COMMANDS`."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.commands = {name: TyperCommand(name, help=line) for name, line in COMMANDS.items()}

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        name, found, rest = super().resolve_command(ctx, args)
        return name, command(name) if name else found, rest
