"""Images from arrays, files, folders and patterns, as one stack, read when needed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from .axes import IMAGE_LETTERS, parse_axes, to_ncyx
from .guessing import guess_axes
from .joining import join_stacks
from .lazy import dask_array
from .raw import RawImage
from .sources import open_path, source_items, unreadable
from .stack import ImageStack

__all__ = ["ImageStack", "open_images"]

_SMALL = 1 << 26
"""Bytes up to which files are read at once: they are then known to be readable."""


def open_images(
    source: Any, *, axes: str | None = None, channel: int | str | None = None
) -> ImageStack:
    """Open images of one size from wherever they are; large ones stay on disk.

    Parameters
    ----------
    source : array, path or list of either
        A numpy, dask or zarr array; a path of a TIFF (ImageJ, OME), PNG or OME-Zarr
        image; a folder of such files; a pattern such as ``"day1/*.tif"``; a list of
        any of these; or an `ImageStack`.
    axes : str, optional
        Letters of the axes, as in `parse_axes`. Default: what the file says; an
        array is ``YX`` or ``NYX``, and one of more dimensions is guessed
        (`guess_axes`). For a list it describes each item, or the items stacked.
    channel : int or str, optional
        Take one channel, by number (from 0) or name. Default: all.

    Returns
    -------
    ImageStack
        Of the source's own integer or float dtype, in this machine's byte order.

    Raises
    ------
    FileNotFoundError
        If nothing is at a path.
    TypeError
        If pixels are complex, boolean or no numbers, or `source` is no image.
    ValueError
        If an array is empty or 1-D, colours are given without `axes` or `channel`,
        images differ in size, `axes` or `channel` does not fit, or a file is damaged.
    """
    if isinstance(source, ImageStack):
        return source if channel is None else source.channel(channel)
    items = source_items(source)
    allow_rgb = axes is not None or channel is not None
    if len(items) == 1:
        stack = _open_one(items[0], axes, allow_rgb)
        stack = _read_if_small(stack, items[0])
    else:
        stack = _open_many(items, axes, allow_rgb)
    return stack if channel is None else stack.channel(channel)


def _open_many(items: list[Any], axes: str | None, allow_rgb: bool) -> ImageStack:
    """Open several paths or arrays as one stack."""
    each = _axes_of_each(items[0], axes)

    def open_part(number: int) -> ImageStack:
        return _open_one(items[number], each, allow_rgb, f"array {number}")

    def read_part(number: int) -> np.ndarray[Any, Any]:
        return _pixels_of(open_part(number), items[number])

    stack = join_stacks(open_part, read_part, len(items))
    small = stack.nbytes <= _SMALL
    return replace(stack, data=np.asarray(stack.data)) if small else stack


def _axes_of_each(item: Any, axes: str | None) -> str | None:
    """Drop the first letter of axes that describe the items stacked."""
    letters = (axes or "").strip().upper()
    n_axes = len(_raw(item).data.shape)
    stacked = len(letters) == n_axes + 1 and letters[0] in IMAGE_LETTERS
    return letters[1:] if stacked else axes


def _raw(item: Any) -> RawImage:
    return open_path(item) if isinstance(item, Path) else RawImage(item)


def _open_one(
    item: Any, axes: str | None, allow_rgb: bool, array_name: str = "the array"
) -> ImageStack:
    """Open one path or array as a stack of its own."""
    raw = _raw(item)
    name = item.name if isinstance(item, Path) else array_name
    shape = tuple(int(length) for length in raw.data.shape)
    _check_pixels(raw.data.dtype, shape, name)
    letters = _axes_of(raw, shape, axes)
    if not allow_rgb and _looks_like_colour(raw, letters, shape):
        raise ValueError(
            f"{name} is a colour (RGB) image of shape {shape}; noise differs per "
            f"colour: choose one with channel=0, 1 or 2, or say what the axes are "
            f"with axes, for example axes='{letters}'"
        )
    sizes = [raw.sizes.get(letter, (1.0, "pixel")) for letter in letters]
    return ImageStack(
        data=to_ncyx(_arranged(raw.data, letters), letters),
        axes=letters,
        shape=shape,
        scale=tuple(step for step, _ in sizes),
        units=tuple(unit for _, unit in sizes),
        channel_names=_fitting_names(raw, letters, shape),
        names=(name,),
    )


def _check_pixels(dtype: np.dtype[Any], shape: tuple[int, ...], name: str) -> None:
    """Refuse what is no picture of intensities."""
    if dtype.kind not in "uif":
        raise TypeError(
            f"{name} has pixels of type {dtype}: intensities are integers or floats; "
            f"take the magnitude (numpy.abs) of complex data, and images, not masks"
        )
    if len(shape) < 2:
        raise ValueError(
            f"{name} has {len(shape)} dimension(s), shape {shape}: an image has at "
            f"least two, rows and columns (Y, X)"
        )
    if 0 in shape:
        raise ValueError(f"{name} is empty, shape {shape}: choose one with pixels")


def _axes_of(raw: RawImage, shape: tuple[int, ...], axes: str | None) -> str:
    """Return the axes asked for, those that the file states, or likely ones."""
    if axes is not None:
        return parse_axes(axes, len(shape))
    if raw.axes is not None:
        return parse_axes(raw.axes, len(shape))
    guessed = guess_axes(shape)
    # An array of three axes is (N, Y, X) by contract, be N 3 or 300.
    return "NYX" if len(shape) == 3 and guessed != "YXC" else guessed


def _looks_like_colour(raw: RawImage, letters: str, shape: tuple[int, ...]) -> bool:
    guessed = raw.axes is None and letters[-1] == "C" and shape[-1] in (3, 4)
    return raw.is_rgb or guessed


def _fitting_names(
    raw: RawImage, letters: str, shape: tuple[int, ...]
) -> tuple[str, ...]:
    n_channels = shape[letters.index("C")] if "C" in letters else 1
    return raw.channel_names if len(raw.channel_names) == n_channels else ()


def _arranged(array: Any, letters: str) -> Any:
    """Return numpy arrays in native byte order, and dask arrays for what is lazy."""
    native = array.dtype.newbyteorder("=")
    if type(array) is np.ndarray:
        return array.astype(native, copy=False)
    images = [axis for axis, letter in enumerate(letters) if letter in IMAGE_LETTERS]
    # Merging axes that are apart would read all of a memory map to copy it.
    mergeable = not images or images[-1] - images[0] == len(images) - 1
    if isinstance(array, np.memmap) and array.dtype.isnative and mergeable:
        return array
    da = dask_array()
    if not isinstance(array, da.Array):
        chunks = getattr(array, "chunks", None) or _page_chunks(letters)
        array = da.from_array(array, chunks, name=False)
    return array.astype(native)


def _page_chunks(letters: str) -> tuple[int, ...]:
    return tuple(-1 if letter in "YX" else 1 for letter in letters)


def _read_if_small(stack: ImageStack, item: Any) -> ImageStack:
    """Read a small file at once: it is then known to be readable, and closed."""
    if not isinstance(item, Path):
        return stack
    if stack.nbytes <= _SMALL:
        return replace(stack, data=_pixels_of(stack, item))
    if not isinstance(stack.data, np.ndarray):
        _pixels_of(replace(stack, data=stack.data[:1, :1, :1, :1]), item)
    return stack


def _pixels_of(stack: ImageStack, item: Any) -> np.ndarray[Any, Any]:
    """Read all pixels of a file, which is then no longer needed."""
    try:
        return np.array(stack.data)
    except Exception as error:  # decoders raise anything on damaged blocks
        raise unreadable(item, error) from error
