"""What the model is asked. The instruction is the system turn, the document alone is the user's.

Measured with SmolLM2-135M-Instruct on SciTLDR and news train (LOG.md): this division, which is the
one its summarisation data was written in, gives 2 to 3 ROUGE-1 points over an instruction inside the user turn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from epitome.models.folder import Form
from epitome.types import Length, Message, Prompt

VERSION = "1"

Ask = Literal["sentence", "summary", "headline", "focus", "answer", "mention"]
"""One sentence on the whole text; a summary as long as the text deserves; a headline; one sentence on a question or
topic; a summary as to a question or topic; one sentence that names a term. The two that may have several sentences
are for models trained with `data.requests`."""
SHOWN: tuple[Ask, ...] = ("sentence", "summary", "headline")
"""What examples are examples of: the other kinds ask for something else than a summary of a text."""

_ENGLISH: dict[Ask, str] = {
    "sentence": "Summarize the input text in one sentence.",
    "summary": "Summarize the input text.",
    "headline": "Write a headline of at most ten words for the input text.",
    "focus": "In one short sentence, state what the input text says about the following: {about}",
    "answer": "Summarize what the input text says about the following: {about}",
    "mention": "In one short sentence, state what the input text says about {about}. Name {about}.",
}
_CHINESE: dict[Ask, str] = {
    "sentence": "用一句简短的话概括下面文字的要点，保留重要的时间、地点和数字。",
    "summary": "概括下面文字的要点。",
    "headline": "为下面的文字写一个不超过二十个字的标题。",
    "focus": "用一句简短的话说明下面的文字关于“{about}”说了什么。",
    "answer": "概括下面的文字关于“{about}”说了什么。",
    "mention": "用一句简短的话说明下面的文字关于“{about}”说了什么，句中要出现“{about}”。",
}
NAMES = {
    "ar": "Arabic", "cs": "Czech", "da": "Danish", "de": "German", "el": "Greek", "en": "English", "es": "Spanish",
    "fi": "Finnish", "fr": "French", "he": "Hebrew", "hi": "Hindi", "hu": "Hungarian", "id": "Indonesian",
    "it": "Italian", "ja": "Japanese", "ko": "Korean", "nl": "Dutch", "no": "Norwegian", "pl": "Polish",
    "pt": "Portuguese", "ro": "Romanian", "ru": "Russian", "sv": "Swedish", "th": "Thai", "tr": "Turkish",
    "uk": "Ukrainian", "vi": "Vietnamese", "zh": "Chinese",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked about a text. `about` is the focus or the term. Lengths: of models trained on them."""

    kind: Ask = "sentence"
    about: str = ""
    words: Length | None = None
    """In characters for Chinese."""
    sentences: Length | None = None


def instruction(asked: Asked, language: str) -> str:
    """The system turn, in the language that the summary is to have."""
    wording = _CHINESE if language == "zh" else _ENGLISH
    text = wording[asked.kind].replace("{about}", asked.about) + _lengths(asked, language)
    if language not in ("en", "zh"):
        text += f" Write in {NAMES.get(language, language)}."
    return text


def _lengths(asked: Asked, language: str) -> str:
    """The bounds in words, empty where nothing is bound."""
    chinese = language == "zh"
    units = ("字", "句话") if chinese else ("words", "sentences")
    said = ""
    for bounds, unit in zip((asked.words, asked.sentences), units, strict=True):
        if bounds is None or (bounds.least is None and bounds.most is None):
            continue
        if bounds.least is None:
            how = f"不超过{bounds.most}" if chinese else f"at most {bounds.most}"
        elif bounds.most is None:
            how = f"至少{bounds.least}" if chinese else f"at least {bounds.least}"
        elif bounds.least == bounds.most:
            how = str(bounds.most)
        else:
            how = f"{bounds.least}到{bounds.most}" if chinese else f"{bounds.least} to {bounds.most}"
        unit = unit if chinese or bounds.most != 1 else unit[:-1]
        said += f"用{how}{unit}。" if chinese else f" Use {how} {unit}."
    return said


@dataclass(frozen=True, slots=True)
class Text:
    """What a summary is asked of."""

    text: str
    title: str = ""


Turn = tuple[Text, str]
"""An example: a text and the answer to it."""


def prompt(
    text: Text,
    asked: Asked,
    language: str,
    *,
    prefill: str = "",
    form: Form = Form(),
    shown: Sequence[Turn] = (),
) -> Prompt:
    """The prompt for one text; the answer goes on from `prefill`. `form` is what a trained model is used to.

    `shown` are examples, asked in the same form, that stand before it as turns already answered.
    """
    request = instruction(asked, language)
    system, user = form.fill(text.text, request=request, title=text.title)
    messages = [Message("system", system)] if system else []
    for example, answer in shown:
        _, before = form.fill(example.text, request=request, title=example.title)
        messages += [Message("user", before), Message("assistant", answer)]
    return Prompt((*messages, Message("user", user)), prefill)
