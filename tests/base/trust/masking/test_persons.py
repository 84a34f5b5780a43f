"""Names of persons, English and Chinese: what makes a name one, who is meant, and what is none."""

from __future__ import annotations

import pytest

from epitome.trust.masking import Masker

MASKER = Masker(["person"])


def masked(text: str) -> str:
    return MASKER(text).text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Yesterday Sarah Lee called.", "Yesterday <PERSON_1> called."),
        ("Dr. Okwu, Judge Tanith and Mrs O'Dell", "Dr. <PERSON_1>, Judge <PERSON_2> and Mrs <PERSON_3>"),
        ("Mr Green met Mr Speaker.", "Mr <PERSON_1> met Mr Speaker."),
        ("J. R. Whitlow and A.B. Carter", "<PERSON_1> and <PERSON_2>"),
        (
            "Dear Thandi,\nall is well.\n\nRegards,\nZuberi Oduya",
            "Dear <PERSON_1>,\nall is well.\n\nRegards,\n<PERSON_2>",
        ),
        ("her cousin Imre Balogh and my friend Zita", "her cousin <PERSON_1> and my friend <PERSON_2>"),
        ("Ilka Fenyo, 47, was seen.", "<PERSON_1>, 47, was seen."),
        ("Patient: Ilka Fenyo", "Patient: <PERSON_1>"),
        ("Ilka Fenyo <ilka@example.org> wrote", "<PERSON_1> <ilka@example.org> wrote"),
        ("Jean-Luc van der Berg left", "<PERSON_1> left"),
        ("Zuberi Oduya, Sarah Lee and Ilka Fenyo", "<PERSON_1>, <PERSON_2> and <PERSON_3>"),
        ("Ludwig von Mises; LUDWIG VON MISES", "<PERSON_1>; <PERSON_1>"),
    ],
)
def test_what_makes_capital_words_a_name(text: str, expected: str) -> None:
    assert masked(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "The Smith Foundation and Johnson Street Hospital are near Lake Victoria.",
        "Will you come in May? Mark my words, Hope springs. April was cold, August hot.",
        "Patient: Terrible.\nDoctor: Where?\nPatient: Everywhere.",
        "New York, San Antonio, Port Elizabeth, St. Louis, Hurricane Katrina",
        "Morgan Stanley advised. The Supreme Court met. I'm here, I'll stay.",
        "Nordic Water Economics 12, 44-61. Water is cheap.",
        "Note: the Data Protection Act. Summary: all is well.",
    ],
)
def test_what_is_none(text: str) -> None:
    assert masked(text) == text


def test_a_name_once_known_is_one_everywhere() -> None:
    text = "Sarah Lee left. Lee was tired, and Sarah's car was old. SARAH LEE! The Lee Bridge is closed. Will Lee come?"
    assert masked(text) == (
        "<PERSON_1> left. <PERSON_1> was tired, and <PERSON_1>'s car was old. <PERSON_1>! The Lee Bridge is closed. "
        "<PERSON_2> come?"
    )


def test_one_person_has_one_number() -> None:
    assert masked("John Smith met Ann Smith. Mr Smith smiled. John paid, J. Smith says.") == (
        "<PERSON_1> met <PERSON_2>. Mr <PERSON_2> smiled. <PERSON_1> paid, <PERSON_1> says."
    )
    assert masked("Mr Mubarak spoke. Hosni Mubarak left.") == "Mr <PERSON_1> spoke. <PERSON_1> left."


def test_speakers_are_known_by_their_marks() -> None:
    text = "Ilka Fenyo: Good morning.\nDoctor: Hello.\nIlka Fenyo: Is Zita here?\nAgent 2: No, Ilka."
    assert masked(text) == (
        "<PERSON_1>: Good morning.\nDoctor: Hello.\n<PERSON_1>: Is Zita here?\nAgent 2: No, <PERSON_1>."
    )


def test_texts_without_capitals() -> None:
    text = "hi , brian . dr. okwu will see you . will jennifer miller come in may ? ask brian or mark ."
    assert masked(text) == (
        "hi , <PERSON_1> . dr. <PERSON_2> will see you . will <PERSON_3> come in may ? ask <PERSON_1> or mark ."
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("原告张伟与被告李娜到庭。", "原告<PERSON_1>与被告<PERSON_2>到庭。"),
        ("王医生和欧阳若曦女士来了。", "<PERSON_1>医生和<PERSON_2>女士来了。"),
        ("我叫阚璟，住在南京。", "我叫<PERSON_1>，住在南京。"),
        ("姓名：单允恭", "姓名：<PERSON_1>"),
        ("昨天，陈志强没有来。", "昨天，<PERSON_1>没有来。"),
        ("周敏说，赵婷婷已经走了。", "<PERSON_1>说，<PERSON_2>已经走了。"),
        ("参会人员：王伟、李娜、钮晔。", "参会人员：<PERSON_1>、<PERSON_2>、<PERSON_3>。"),
        ("记者约翰·史密斯报道", "记者<PERSON_1>报道"),
        ("小王说他不来。", "小<PERSON_1>说他不来。"),
    ],
)
def test_chinese_names(text: str, expected: str) -> None:
    assert masked(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "高度重视安全，方便群众，于是任何人都可以申请。",
        "江苏、黄金和石油的价格，许多金融机构表示关注。",
        "张某某与李某的纠纷",
        "客服：您好\n客户：你好\n时间：十点\n金额：五百元",
        "白天在马路上，万一下雨，何时能到？",
        "班主任、车间主任和包工头",
    ],
)
def test_chinese_words_that_begin_with_a_surname(text: str) -> None:
    assert masked(text) == text


def test_a_chinese_person_has_one_number() -> None:
    assert masked("王伟和李娜来了。王先生说，李娜不去。王伟笑了。") == (
        "<PERSON_1>和<PERSON_2>来了。<PERSON_1>先生说，<PERSON_2>不去。<PERSON_1>笑了。"
    )
