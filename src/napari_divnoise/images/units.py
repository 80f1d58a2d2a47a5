"""Names of units, as every file format writes them differently."""

from __future__ import annotations

_SPELLINGS = {
    "um": ("um", "µm", "\u03bcm", "\\u00b5m", "micron", "micrometer", "micrometre"),
    "nm": ("nm", "nanometer", "nanometre"),
    "mm": ("mm", "millimeter", "millimetre"),
    "cm": ("cm", "centimeter", "centimetre"),
    "m": ("m", "meter", "metre"),
    "pm": ("pm", "picometer", "picometre"),
    "angstrom": ("angstrom", "å", "\u212b"),
    "s": ("s", "sec", "second"),
    "ms": ("ms", "msec", "millisecond"),
    "us": ("us", "µs", "\u03bcs", "microsecond"),
    "min": ("min", "minute"),
    "h": ("h", "hour"),
}
_UNITS = {word: unit for unit, words in _SPELLINGS.items() for word in words}


def known_unit(word: str | None) -> str:
    """Return the short name of a unit, or "pixel" if `word` names none we know.

    >>> known_unit("microns"), known_unit("second"), known_unit("furlong")
    ('um', 's', 'pixel')
    """
    spelled = (word or "").strip().lower()
    return _UNITS.get(spelled) or _UNITS.get(spelled.removesuffix("s")) or "pixel"
