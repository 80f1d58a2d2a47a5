"""Any order of axes to (N, C, Y, X), and back.

Every axis that is neither a channel nor part of the picture counts images: time
points, planes, positions and samples alike.
"""

from __future__ import annotations

from collections import Counter
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

IMAGE_LETTERS = "NTZPS"
"""Axes along which images are counted."""

LETTERS = IMAGE_LETTERS + "CYX"

_WORDS = {
    "N": "image",
    "T": "time point",
    "Z": "plane",
    "P": "position",
    "S": "sample",
    "C": "channel",
}


def parse_axes(axes: str, ndim: int) -> str:
    """Check what a person says about the axes, and return it in capital letters.

    Parameters
    ----------
    axes : str
        One letter per dimension of the array, in the array's order: Y and X (rows
        and columns), C (channels), and N, T, Z, P, S (images, time points, planes,
        positions, samples), which all count images. Each at most once.
    ndim : int
        Number of dimensions of the array.

    Raises
    ------
    ValueError
        If the letters do not describe an array of `ndim` dimensions.
    """
    letters = axes.strip().upper()
    problem = _axes_problem(letters, ndim)
    if problem:
        raise ValueError(
            f"axes {axes!r} {problem}; give one letter per dimension, in the array's "
            f"order, Y and X among them: Y, X, C (channels), and N, T, Z, P or S for "
            f"axes that count images, for example {_example(ndim)!r}"
        )
    return letters


def _axes_problem(letters: str, ndim: int) -> str | None:
    """Say what is wrong with `letters`, as the end of a sentence."""
    unknown = sorted(set(letters) - set(LETTERS))
    repeated = sorted(letter for letter, n in Counter(letters).items() if n > 1)
    missing = [letter for letter in "YX" if letter not in letters]
    if unknown:
        return f"has the unknown letter {', '.join(unknown)}"
    if repeated:
        return f"names {', '.join(repeated)} more than once"
    if missing:
        return f"lacks {' and '.join(missing)}"
    if len(letters) != ndim:
        return f"has {len(letters)} letters, the array has {ndim} dimensions"
    return None


def _example(ndim: int) -> str:
    return ("NPTZC"[-(ndim - 2) :] if ndim > 3 else "N" * (ndim - 2)) + "YX"


def to_ncyx(array: Any, axes: str) -> Any:
    """Bring an array into the order (N, C, Y, X).

    Parameters
    ----------
    array : numpy or dask array
        Of any shape that `axes` describes.
    axes : str
        As for `parse_axes`.

    Returns
    -------
    numpy or dask array
        ``(N, C, Y, X)``, N being the product of all axes that count images. A numpy
        array gives a view wherever strides allow it, a dask array stays lazy.
    """
    letters = parse_axes(axes, array.ndim)
    images = [axis for axis, letter in enumerate(letters) if letter in IMAGE_LETTERS]
    order = [*images, *(letters.index(letter) for letter in "CYX" if letter in letters)]
    moved = array.transpose(order)
    tail = moved.shape[len(images) :]
    if "C" not in letters:
        tail = (1, *tail)
    shape = (prod(moved.shape[: len(images)]), *tail)
    if isinstance(moved, np.ndarray):
        return moved.reshape(shape)
    return moved.reshape(shape, merge_chunks=False)


def from_ncyx(array: Any, axes: str, shape: Sequence[int]) -> Any:
    """Bring an array of (N, C, Y, X) back into the order it came from.

    Parameters
    ----------
    array : numpy or dask array
        ``(N, C, Y, X)``. Its C is that of `shape`, or 1 for an image whose channel
        was picked: that axis is then dropped (if it was more than 1 before).
    axes : str
        The original axes.
    shape : sequence of int
        The original shape. Y and X are taken from `array`.

    Returns
    -------
    numpy or dask array
        In the original order, without the axis C where one channel was picked.

    Raises
    ------
    ValueError
        If N or C do not fit `shape`.
    """
    letters = parse_axes(axes, len(shape))
    sizes = dict(zip(letters, shape, strict=True))
    n_images = prod(sizes[letter] for letter in letters if letter in IMAGE_LETTERS)
    n_channels = sizes.get("C", 1)
    if (
        array.ndim != 4
        or array.shape[0] != n_images
        or array.shape[1]
        not in (
            1,
            n_channels,
        )
    ):
        raise ValueError(
            f"an array of shape {array.shape} does not go back into {tuple(shape)} "
            f"({letters}): it must be ({n_images}, {n_channels} or 1, Y, X)"
        )
    if array.shape[1] != n_channels:
        letters = letters.replace("C", "")
    lengths = {**sizes, "C": array.shape[1], "Y": array.shape[2], "X": array.shape[3]}
    images = [letter for letter in letters if letter in IMAGE_LETTERS]
    present = [*images, *(letter for letter in "CYX" if letter in letters)]
    unfolded = array.reshape(tuple(lengths[letter] for letter in present))
    return unfolded.transpose([present.index(letter) for letter in letters])


def rows_sentence(axes: str, shape: Sequence[int]) -> str:
    """Say in words what the axes make of an array.

    For example "40 time points x 1 channel: 40 images of 1024x1024". Sizes are
    rows x columns, in pixels.
    """
    letters = parse_axes(axes, len(shape))
    sizes = dict(zip(letters, shape, strict=True))
    parts = [
        _count(size, _WORDS[letter])
        for letter, size in sizes.items()
        if letter in _WORDS
    ]
    n_images = prod(sizes[letter] for letter in letters if letter in IMAGE_LETTERS)
    total = f"{_count(n_images, 'image')} of {sizes['Y']}x{sizes['X']}"
    if not parts or set(letters) <= set("NYX"):
        return total
    return f"{' x '.join(parts)}: {total}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
