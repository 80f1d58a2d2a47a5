"""What the dimensions of an array probably mean, where nobody says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .axes import IMAGE_LETTERS, LETTERS, parse_axes

if TYPE_CHECKING:
    from collections.abc import Sequence

_MAX_GUESSED_CHANNELS = 4
_UNNAMED = {1: "N", 2: "TZ", 3: "PTZ", 4: "NPTZ", 5: "NSPTZ"}
_LABELS = {
    "time": "T",
    "frame": "T",
    "plane": "Z",
    "slice": "Z",
    "depth": "Z",
    "position": "P",
    "sample": "S",
    "image": "N",
    "channel": "C",
    "row": "Y",
    "column": "X",
}


def guess_axes(shape: Sequence[int], labels: Sequence[str] | None = None) -> str:
    """Say what the dimensions of an array probably mean.

    A label that names an axis ("t", "time", "channel", ...) is believed. For the
    rest: rows and columns come last, or before a last dimension of 3 or 4 (colours);
    the last other dimension of 2 to 4 is the channel; what is left counts images.

    Parameters
    ----------
    shape : sequence of int
        Shape of the array, 2 to 8 dimensions.
    labels : sequence of str, optional
        One per dimension, as a napari layer or a file names them. Labels that say
        nothing ("axis 0", "-2", "") are passed over.

    Raises
    ------
    ValueError
        If the array has fewer than 2 dimensions or more than there are letters.
    """
    if not 2 <= len(shape) <= len(LETTERS):
        raise ValueError(
            f"an image has 2 to {len(LETTERS)} dimensions, this array has "
            f"{len(shape)} (shape {tuple(shape)}): reshape it to (Y, X) or (N, Y, X)"
        )
    known = _known_letters(shape, labels)
    _place_rows_and_columns(shape, known)
    _place_channel(shape, known)
    unnamed = [axis for axis, letter in enumerate(known) if not letter]
    free = [letter for letter in _UNNAMED.get(len(unnamed), "") if letter not in known]
    free += [letter for letter in IMAGE_LETTERS if letter not in (*free, *known)]
    for axis, letter in zip(unnamed, free, strict=False):
        known[axis] = letter
    return parse_axes("".join(known), len(shape))


def _known_letters(shape: Sequence[int], labels: Sequence[str] | None) -> list[str]:
    """Return the letters that labels give away, "" elsewhere; none if they clash."""
    if labels is None or len(labels) != len(shape):
        return [""] * len(shape)
    letters = [_letter_of(label) for label in labels]
    named = [letter for letter in letters if letter]
    if len(set(named)) < len(named) or ("Y" in named) != ("X" in named):
        return [""] * len(shape)
    return letters


def _letter_of(label: str) -> str:
    """Return the letter that a label stands for, or ""."""
    word = label.strip().lower()
    if len(word) == 1:
        return word.upper() if word.upper() in LETTERS else ""
    return _LABELS.get(word.removesuffix("s"), "")


def _place_rows_and_columns(shape: Sequence[int], known: list[str]) -> None:
    if "Y" in known:
        return
    unnamed = [axis for axis, letter in enumerate(known) if not letter]
    if len(unnamed) < 2:
        known[:] = [""] * len(shape)
        unnamed = list(range(len(shape)))
    colours_last = (
        len(unnamed) > 2
        and "C" not in known
        and shape[unnamed[-1]] in (3, 4)
        and min(shape[unnamed[-2]], shape[unnamed[-3]]) > _MAX_GUESSED_CHANNELS
    )
    if colours_last:
        known[unnamed.pop()] = "C"
    known[unnamed[-2]], known[unnamed[-1]] = "Y", "X"


def _place_channel(shape: Sequence[int], known: list[str]) -> None:
    if "C" in known:
        return
    few = [
        axis
        for axis, letter in enumerate(known)
        if not letter and 2 <= shape[axis] <= _MAX_GUESSED_CHANNELS
    ]
    if few:
        known[few[-1]] = "C"
