"""What small models do when they run out of things to say: the same words again."""

from __future__ import annotations

from epitome.metrics.tokens import by_character, words


def repeated_share(text: str, language: str = "en", n: int = 3) -> float:
    """Share of the text's n-grams that stood in it before, 0 to 1; 0 for a text shorter than n words.

    >>> repeated_share("we go home we go home", n=2)
    0.4
    """
    said = [word for word, _, _ in words(text, language)]
    grams = list(zip(*(said[at:] for at in range(n)), strict=False))
    return 1 - len(set(grams)) / len(grams) if grams else 0.0


def loop(text: str, language: str = "en") -> tuple[int, int] | None:
    """Where a text goes round in circles: the span of the repetitions after the first, or None.

        A loop is the same sequence said over and over without anything between: a single word five times, two to seven
        words three times, eight or more words twice. In Chinese and Japanese a word counts as two characters. Of 7,770
    human summaries of twelve kinds one has such a loop (a slip); lists of catchphrases have them in 7 of 250.

        >>> text = "It works well. It works well. It works well."
        >>> text[slice(*loop(text))]
        'It works well. It works well'
    """
    found = words(text, language)
    said = [word for word, _, _ in found]
    unit = 2 if by_character(language) else 1
    for period in range(1, min(len(said) // 2, 60 * unit) + 1):
        times = 5 if period <= unit else 3 if period < 8 * unit else 2
        first = _repeats(said, period, times)
        if first is not None:
            start, end = first
            return found[start][1], found[end - 1][2]
    return None


def _repeats(said: list[str], period: int, times: int) -> tuple[int, int] | None:
    """The words that repeat those `period` before them, if they do so for `times` - 1 whole rounds."""
    run = 0
    for at in range(period, len(said)):
        if said[at] == said[at - period]:
            run += 1
        elif run >= period * (times - 1):
            return at - run, at
        else:
            run = 0
    return (len(said) - run, len(said)) if run >= period * (times - 1) else None
