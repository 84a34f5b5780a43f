"""Languages: CJK by script, English by function words, the rest by the classifier."""

from __future__ import annotations

import subprocess
import sys

import pytest

from epitome.documents import detect_language

SAMPLES = {
    "en": "The council decided on Tuesday that the bridge would be repaired because it is a hundred years old.",
    "zh": "市议会周二决定修复这座已有百年历史的大桥。",
    "ja": "市議会は火曜日、築百年の橋を修理することを決めた。",
    "ko": "시의회는 화요일에 백 년 된 다리를 보수하기로 결정했다.",
    "de": "Der Stadtrat hat am Dienstag beschlossen, die hundert Jahre alte Brücke zu reparieren.",
    "fr": "Le conseil municipal a décidé mardi de réparer le pont, qui a maintenant cent ans.",
    "es": "El ayuntamiento decidió el martes reparar el puente, que ya tiene cien años.",
    "it": "Il consiglio comunale ha deciso martedì di riparare il ponte, che ormai ha cento anni.",
    "nl": "De gemeenteraad heeft dinsdag besloten de honderd jaar oude brug te laten herstellen.",
    "ru": "Городской совет решил во вторник отремонтировать мост, которому уже сто лет.",
    "ar": "قرر مجلس المدينة يوم الثلاثاء ترميم الجسر الذي يبلغ عمره مئة عام.",
}


@pytest.mark.parametrize("code", SAMPLES)
def test_languages_are_told(code: str) -> None:
    assert detect_language(SAMPLES[code]) == code


@pytest.mark.parametrize(
    "text", ["", "2024-03-01 12:30", "Rain stops play", "Stocks fall as rates rise", "OK"]
)
def test_what_cannot_be_told_is_english(text: str) -> None:
    assert detect_language(text) == "en"


def test_a_foreign_quotation_does_not_change_the_language() -> None:
    assert detect_language(SAMPLES["zh"] * 3 + "(Bridge Restoration Programme 2024)") == "zh"
    assert detect_language(SAMPLES["en"] * 3 + "（大桥）") == "en"


def test_english_and_chinese_load_no_classifier() -> None:
    code = (
        "import sys; from epitome.documents import detect_language as d;"
        f"d({SAMPLES['en']!r}); d({SAMPLES['zh']!r});"
        "print('numpy' in sys.modules, 'py3langid' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["False", "False"]
