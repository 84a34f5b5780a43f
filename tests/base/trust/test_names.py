from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from epitome.trust.names import NameIndex, names

SOURCE = (
    "The Norwegian ministry asked the North Sea Survey (NSS) about COVID-19. Dr Anna Berg of ResNet-50 fame said the "
    "L_C_D_ panel and the television came from France. The World Health Organization agreed."
)


def flagged(text: str, source: str = SOURCE, language: str = "en") -> list[str]:
    return [fact.text for fact in NameIndex(source, language).unsupported(text)]


@pytest.mark.parametrize(
    "text",
    [
        "In Norway the survey began.",
        "A French panel was used, said Berg.",
        "Then the WHO agreed, and so did NSS.",
        "The LCD and the TV are French.",
        "It concerned Covid-19 and ResNet50.",
        "Researchers were asked by Anna Berg's ministry.",
        "They met on Monday in March.",
    ],
)
def test_names_of_the_source_in_other_forms_are_supported(text: str) -> None:
    assert flagged(text) == []


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("The survey asked Erik Dahl.", "Erik Dahl"),
        ("The panel came from Italy.", "Italy"),
        ("It concerned COVID-14.", "COVID-14"),
        ("It was the EPA that agreed.", "EPA"),
        ("Erik Dahl agreed.", "Erik Dahl"),
        ("He works at the Bank of Oslo.", "Bank of Oslo"),
    ],
)
def test_other_names_are_flagged_with_the_nearest(text: str, name: str) -> None:
    [fact] = NameIndex(SOURCE).unsupported(text)
    assert fact.text == name == text[fact.start : fact.end]
    assert fact.nearest in SOURCE


def test_chinese_latin_words_titles_and_hidden_names() -> None:
    source = "被告人张某与李某某就《房屋租赁合同》发生纠纷，使用BERT模型。"
    assert flagged("张某依据《房屋租赁合同》起诉李某某，并用BERT。", source, "zh") == []
    assert flagged("王某依据《买卖合同》起诉，并用GPT。", source, "zh") == ["王某", "《买卖合同》", "GPT"]


@given(st.text(max_size=200))
def test_a_text_supports_itself(text: str) -> None:
    for language in ("en", "zh"):
        assert NameIndex(text, language).unsupported(text) == []
        assert all(0 <= start < end <= len(text) for start, end in names(text, language))
