"""Personal data, masked before a model sees it, and put back when its owner asks.

One file a kind finds what it knows; `masker.py` sorts out what overlaps and gives numbers, `masked.py` is the way back,
`cover.py` does both for a Document, a Request and a Summary. By rules and lists, English and Chinese: what they miss,
the model sees.
"""

from epitome.trust.masking.cover import Masking
from epitome.trust.masking.found import KINDS
from epitome.trust.masking.masked import Masked
from epitome.trust.masking.masker import Masker

__all__ = ["KINDS", "Masked", "Masker", "Masking"]
