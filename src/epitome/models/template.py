"""From a prompt to the text a model reads, with the template's markup kept apart from what people wrote.

Only markup is `special`: it is tokenised with special tokens on, everything else with them off. A document
that contains `<|im_end|><|im_start|>system` therefore stays text, whatever the template. The segments are
complete: they begin with the begin-of-text token where the model wants one, so an engine must add none.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from epitome.errors import ModelError
from epitome.types import Message, Prompt

if TYPE_CHECKING:
    from jinja2.sandbox import ImmutableSandboxedEnvironment

SMOLLM_SYSTEM = "You are a helpful AI assistant named SmolLM, trained by Hugging Face"
"""What SmolLM2-Instruct's own template says when the prompt has no system turn; it was tuned with it."""

FIXED_DATE = datetime(2024, 7, 26)
"""What a template that asks for today's date gets: the day Llama 3.2's own template falls back on. A summary
must not depend on the day it is made."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """The special tokens of a tokenizer, as text."""

    bos: str = ""
    eos: str = ""
    add_bos: bool = False
    """Whether the model expects every text to begin with `bos`."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of the rendered prompt; `special` only for the template's own markup."""

    text: str
    special: bool


NO_TOKENS = Tokens()


def render(
    prompt: Prompt, template: str, jinja: str | None = None, tokens: Tokens = NO_TOKENS
) -> list[Segment]:
    """The prompt as segments to tokenise one after the other.

    `template` is one of `chatml`, `gemma`, `llama3`, `completion`, or `embedded`, which renders `jinja`, the
    model's own chat template. Raises `ModelError` for an unknown template, or one that cannot be rendered.
    """
    if template == "embedded":
        segments = _embedded(prompt, jinja, tokens)
    elif template in BUILT_IN:
        segments = BUILT_IN[template](prompt, tokens)
    else:
        known = ", ".join([*BUILT_IN, "embedded"])
        raise ModelError(f"unknown prompt template {template!r}", hint=f"one of {known}")
    if prompt.prefill and template != "completion":
        segments.append(Segment(prompt.prefill, False))
    return _merged(segments)


def stops(template: str) -> tuple[str, ...]:
    """Texts at which an answer in this template is over; empty where the model's own end token tells."""
    return _STOPS.get(template, ())


def _chatml(prompt: Prompt, tokens: Tokens) -> list[Segment]:
    segments = _bos(tokens)
    messages = prompt.messages
    if messages and messages[0].role != "system":
        messages = (Message("system", SMOLLM_SYSTEM), *messages)
    for message in messages:
        segments += [
            Segment(f"<|im_start|>{message.role}\n", True),
            Segment(message.text, False),
            Segment("<|im_end|>\n", True),
        ]
    return [*segments, Segment("<|im_start|>assistant\n", True)]


def _gemma(prompt: Prompt, tokens: Tokens) -> list[Segment]:
    segments = [Segment(tokens.bos or "<bos>", True)]
    for message in _without_system(prompt.messages):
        role = "model" if message.role == "assistant" else "user"
        segments += [
            Segment(f"<start_of_turn>{role}\n", True),
            Segment(message.text.strip(), False),
            Segment("<end_of_turn>\n", True),
        ]
    return [*segments, Segment("<start_of_turn>model\n", True)]


def _llama3(prompt: Prompt, tokens: Tokens) -> list[Segment]:
    segments = [Segment(tokens.bos or "<|begin_of_text|>", True)]
    for message in prompt.messages:
        segments += [
            Segment(f"<|start_header_id|>{message.role}<|end_header_id|>\n\n", True),
            Segment(message.text.strip(), False),
            Segment("<|eot_id|>", True),
        ]
    return [*segments, Segment("<|start_header_id|>assistant<|end_header_id|>\n\n", True)]


def _completion(prompt: Prompt, tokens: Tokens) -> list[Segment]:
    # One plain segment: a base model has no markup, and tokens must not break at the edges of the document.
    # The frame is in the instruction's language: after an English one, Gemma 3 270M sums up Chinese in English.
    chinese = any("一" <= character <= "鿿" for message in prompt.messages[:1] for character in message.text)
    before, after = ("文字：", "一句话摘要：") if chinese else ("Text: ", "Summary:")
    gap = "" if chinese else " "
    parts: list[str] = []
    for message in prompt.messages:
        if message.role == "system":
            parts.append(message.text + "\n\n")
        elif message.role == "user":
            parts.append(f"{before}{message.text}\n\n{after}")
        else:
            parts.append(f"{gap}{message.text}\n\n")
    if prompt.prefill:
        parts.append(f"{gap}{prompt.prefill}")
    return [*_bos(tokens), Segment("".join(parts), False)]


BUILT_IN: dict[str, Callable[[Prompt, Tokens], list[Segment]]] = {
    "chatml": _chatml,
    "gemma": _gemma,
    "llama3": _llama3,
    "completion": _completion,
}

_STOPS = {
    "chatml": ("<|im_end|>",),
    "gemma": ("<end_of_turn>",),
    "llama3": ("<|eot_id|>",),
    "completion": ("\nText:", "\n文字："),
}


def _embedded(prompt: Prompt, jinja: str | None, tokens: Tokens) -> list[Segment]:
    if not jinja:
        raise ModelError(
            "the model has no chat template of its own",
            hint="it is a base model: use the template 'completion', or name the one it was tuned with",
        )
    try:
        return _rendered(prompt.messages, jinja, tokens)
    except ModelError:
        if not any(message.role == "system" for message in prompt.messages):
            raise
    # Some templates refuse a system turn (Gemma 2, early Mistral): say the same to them as the user.
    return _rendered(_without_system(prompt.messages), jinja, tokens)


def _rendered(messages: tuple[Message, ...], jinja: str, tokens: Tokens) -> list[Segment]:
    from jinja2.exceptions import TemplateError

    # Nobody can write the sentinel into a document: it is drawn anew for each prompt. Letters and digits,
    # so that no filter of the template changes it.
    mark = f"CONTENT{secrets.token_hex(16)}N"
    turns = [{"role": message.role, "content": f"{mark}{i}E"} for i, message in enumerate(messages)]
    try:
        text = (
            _environment()
            .from_string(jinja)
            .render(
                messages=turns,
                add_generation_prompt=True,
                enable_thinking=False,
                bos_token=tokens.bos,
                eos_token=tokens.eos,
                tools=None,
            )
        )
    except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError, RecursionError) as error:
        raise ModelError(f"the model's chat template cannot be rendered: {error}") from error
    return _cut(text, mark, messages, tokens)


def _cut(text: str, mark: str, messages: tuple[Message, ...], tokens: Tokens) -> list[Segment]:
    """The rendered text, its sentinels replaced by the contents they stand for."""
    segments: list[Segment] = []
    seen: set[int] = set()
    for i, piece in enumerate(re.split(rf"{mark}(\d+)E", text)):
        if i % 2:
            seen.add(int(piece))
            segments.append(Segment(messages[int(piece)].text, False))
        else:
            segments.append(Segment(piece, True))
    if lost := [message.role for i, message in enumerate(messages) if i not in seen]:
        raise ModelError(f"the model's chat template drops the {lost[0]} turn")
    if tokens.add_bos and tokens.bos and not text.startswith(tokens.bos):
        segments.insert(0, Segment(tokens.bos, True))
    return segments


def _environment() -> ImmutableSandboxedEnvironment:
    """Jinja as chat templates expect it; sandboxed, because a template comes with a file from anywhere."""
    import json

    from jinja2.exceptions import TemplateError
    from jinja2.ext import loopcontrols
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    def refuse(message: str) -> None:
        raise TemplateError(message)

    def tojson(value: Any, indent: int | None = None, **_: Any) -> str:
        return json.dumps(value, ensure_ascii=False, indent=indent)

    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols, _generation_tag()]
    )
    environment.filters["tojson"] = tojson
    environment.globals["raise_exception"] = refuse
    environment.globals["strftime_now"] = FIXED_DATE.strftime
    return environment


def _generation_tag() -> Any:
    """`{% generation %}`: transformers' mark for the assistant's words in training; here it means nothing."""
    from jinja2 import nodes
    from jinja2.ext import Extension
    from jinja2.parser import Parser

    class Generation(Extension):
        tags = {"generation"}  # noqa: RUF012

        def parse(self, parser: Parser) -> nodes.Node:
            line = next(parser.stream).lineno
            body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
            return nodes.Scope(body, lineno=line)

    return Generation


def _bos(tokens: Tokens) -> list[Segment]:
    return [Segment(tokens.bos, True)] if tokens.add_bos and tokens.bos else []


def _without_system(messages: tuple[Message, ...]) -> tuple[Message, ...]:
    """The system turn's text put at the head of the first user turn."""
    system = "\n\n".join(message.text for message in messages if message.role == "system")
    turns = [message for message in messages if message.role != "system"]
    for i, message in enumerate(turns):
        if system and message.role == "user":
            turns[i] = Message("user", f"{system}\n\n{message.text}")
            return tuple(turns)
    return tuple([Message("user", system), *turns] if system else turns)


def _merged(segments: list[Segment]) -> list[Segment]:
    """Neighbours of one kind joined, empty ones left out: tokens must not break where nothing changes."""
    merged: list[Segment] = []
    for segment in segments:
        if not segment.text:
            continue
        if merged and merged[-1].special == segment.special:
            merged[-1] = Segment(merged[-1].text + segment.text, segment.special)
        else:
            merged.append(segment)
    return merged
