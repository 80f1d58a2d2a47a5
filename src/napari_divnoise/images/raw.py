"""What the readers of single formats hand over: pixels as they lie in the file."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .axes import IMAGE_LETTERS


@dataclass(frozen=True, slots=True)
class RawImage:
    """The content of one file or array, before its axes are put in order.

    Attributes
    ----------
    data : numpy array, memory map or dask array
        In the file's own order of axes.
    axes : str or None
        One capital letter per axis; None where the source does not say.
    sizes : dict of str to (float, str)
        Step and unit along an axis, where they are known.
    channel_names : tuple of str
        Empty where they are not known.
    is_rgb : bool
        True if the axis C holds colours of one picture rather than detectors.
    """

    data: Any
    axes: str | None = None
    sizes: dict[str, tuple[float, str]] = field(default_factory=dict)
    channel_names: tuple[str, ...] = ()
    is_rgb: bool = False


def own_letters(foreign_axes: str) -> str:
    """Translate the axis letters of a file format into ours.

    N, T, Z, P, C, Y and X mean what they say. Every other letter ("I" sequence,
    "Q" other, ...) counts images under a letter that is still free.
    """
    kept = set(foreign_axes.upper()) & set("NTZPCYX")
    free = [letter for letter in IMAGE_LETTERS if letter not in kept]
    letters: list[str] = []
    for letter in foreign_axes.upper():
        known = letter in kept and letter not in letters
        letters.append(letter if known else free.pop(0) if free else "?")
    return "".join(letters)
