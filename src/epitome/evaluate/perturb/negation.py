"""Statements turned into their opposite."""

from __future__ import annotations

import random
import re

from epitome.documents import sentences

_AUXILIARIES = "is|are|was|were|will|would|can|could|should|must|may|might"
_PARTICIPLES = (
    "been|become|begun|bought|brought|built|come|cut|done|drawn|driven|fallen|felt|found|given|gone|grown|heard|held|"
    "kept|known|laid|led|left|lost|made|met|paid|put|read|run|said|seen|sent|set|shown|sold|spent|spoken|stood|taken|"
    "taught|thought|told|understood|won|worn|written|\\w+ed"
)
# An auxiliary, or "have" with a participle; a bare "have" owns something and is not negated by "not" alone.
_AUXILIARY = re.compile(
    rf"\b(?P<word>(?:{_AUXILIARIES})|(?:has|have|had)(?=\s+(?:{_PARTICIPLES})\b))\b(?!['’])", re.IGNORECASE
)
_NEGATED = re.compile(
    rf"\b(?P<verb>{_AUXILIARIES}|has|have|had|do|does|did)(?:\s+not|n['’]t)\b|\b(?P<cannot>cannot|can['’]t)"
    r"|\b(?P<wont>won['’]t)",
    re.IGNORECASE,
)
# What opens a clause that is not the main one; "that" and "which" also as pronouns of a relative clause.
_SUBORDINATE = re.compile(
    r"\b(?:who|whom|whose|which|that|if|when|while|because|although|though|since|unless|until|after|before|as|"
    r"whether|where|what|how|why|than|so)\b",
    re.IGNORECASE,
)
_PLAIN = {"cannot": "can", "can't": "can", "won't": "will"}

_ZH_REMOVED = {
    "不可以": "可以", "不应当": "应当", "不应该": "应该", "不能够": "能够", "不需要": "需要", "不允许": "允许",
    "不同意": "同意", "不支持": "支持", "不认可": "认可", "不属于": "属于", "不构成": "构成", "不符合": "符合",
    "没有达到": "达到", "没有完成": "完成", "没有超过": "超过", "没有发现": "发现了", "没有": "有", "并非": "是",
    "无权": "有权", "不能": "能", "不会": "会", "不是": "是", "不再": "仍然", "不予": "予以", "未能": "得以",
}  # fmt: skip
_ZH_INSERTED = {
    "可以": "不可以", "应当": "不应当", "应该": "不应该", "能够": "不能够", "需要": "不需要", "允许": "不允许",
    "同意": "不同意", "支持": "不支持", "认可": "不认可", "属于": "不属于", "构成": "不构成", "符合": "不符合",
    "有权": "无权", "达到": "没有达到", "完成": "没有完成", "超过": "没有超过", "发现": "没有发现",
    "发布": "没有发布", "宣布": "没有宣布", "决定": "没有决定", "要求": "没有要求", "获得": "没有获得",
    "增加": "没有增加", "增长": "没有增长", "下降": "没有下降", "上升": "没有上升", "恢复": "没有恢复",
    "认为": "不认为", "是": "不是",
}  # fmt: skip
_ZH_NO = re.compile("|".join(sorted(_ZH_REMOVED, key=len, reverse=True)))
_ZH_YES = re.compile(
    "(?<![不没未无非])(?:" + "|".join(one for one in _ZH_INSERTED if one != "是") + ")(?![的书案函者])"
    "|(?<![但可于只总还就要不正也都若凡硬])是(?![否非])"
)


def negation(text: str, lang: str, rng: random.Random, rate: float) -> str:
    """`not` put into the main clause of a sentence, or taken out where it stands; 不 and 没有 in Chinese.

    The document then says the opposite, and so must its summary; systems that copy follow, models that go by what
    is usual do not. One change a sentence, in a share `rate` of those that can be changed, at least one of them:
    in English those with an auxiliary verb in the main clause, and neither questions nor quotations. Ettinger,
    "What BERT is not", 2020; Hosseini et al., "Understanding by understanding not", 2021.
    """
    change = {"en": _english, "zh": _chinese}.get(lang)
    if change is None:
        return text
    spans = sentences(text, lang)
    turned = {span: change(text[slice(*span)]) for span in spans}
    open_ones = [span for span in spans if turned[span] != text[slice(*span)]]
    chosen = [span for span in open_ones if rng.random() < rate]
    if open_ones and not chosen and rate:
        chosen = [rng.choice(open_ones)]
    pieces, at = [], 0
    for span in chosen:
        pieces += [text[at : span[0]], turned[span]]
        at = span[1]
    return "".join(pieces) + text[at:]


def _english(sentence: str) -> str:
    if sentence.endswith("?"):
        return sentence
    for match in _NEGATED.finditer(sentence):
        if _main(sentence, match.start()):
            verb = match["verb"] or _PLAIN[match.group().lower().replace("’", "'")]
            return sentence[: match.start()] + _cased(verb, match.group()) + sentence[match.end() :]
    for match in _AUXILIARY.finditer(sentence):
        if match.start() and _main(sentence, match.start()):
            return f"{sentence[: match.end()]} not{sentence[match.end() :]}"
    return sentence


def _main(sentence: str, at: int) -> bool:
    """Whether the word at this place stands in the main clause, outside quotation marks."""
    before = sentence[:at]
    if before.count('"') % 2 or before.count("“") > before.count("”"):
        return False
    clause = re.split(r"[,;:–—(]", before)[-1]
    # "That was" and "This is": a pronoun that begins the sentence opens no clause.
    opened = _SUBORDINATE.search(clause, 5 if before.lower().startswith("that ") and clause == before else 0)
    # After a comma the main clause may follow a subordinate one: "When it rained, the game was".
    return opened is None


def _cased(word: str, like: str) -> str:
    return word[:1].upper() + word[1:] if like[:1].isupper() else word


def _chinese(sentence: str) -> str:
    if sentence.rstrip("”」』").endswith(("？", "?", "吗")):
        return sentence
    if match := _ZH_NO.search(sentence):
        return sentence[: match.start()] + _ZH_REMOVED[match.group()] + sentence[match.end() :]
    if match := _ZH_YES.search(sentence):
        return sentence[: match.start()] + _ZH_INSERTED[match.group()] + sentence[match.end() :]
    return sentence
