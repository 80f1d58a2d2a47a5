"""Open what a person chose and say what it is: no Qt, run in a thread."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Generator

    from ..images import ImageStack, NoiseReport

PATCH = 64
SMALLEST_WITH_VALIDATION = 128


@dataclass(frozen=True, slots=True, eq=False)
class Wanted:
    """What a person chose on the Data page.

    Attributes
    ----------
    arrays : tuple of array
        Pixels of the chosen layers; empty if `path` is given.
    path : str
        A file, a folder or a pattern.
    axes : str
        One letter per dimension, "" to guess.
    channel : int
        Which channel, if there are several.
    regions : tuple
        Rows and columns to keep, one pair of slices per array; empty for all.
    """

    arrays: tuple[Any, ...] = ()
    path: str = ""
    axes: str = ""
    channel: int = 0
    regions: tuple[tuple[slice, slice], ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What was found.

    Attributes
    ----------
    images : ImageStack
        One channel.
    n_channels : int
        Before one was picked.
    channel_names : tuple of str
        May be empty.
    facts : str
        One line about number, size, type and range.
    warnings : tuple of str
        What a person should know; none of it stops the work.
    """

    images: ImageStack
    n_channels: int
    channel_names: tuple[str, ...]
    facts: str
    warnings: tuple[str, ...]


def look(wanted: Wanted) -> Generator[None, None, Seen]:
    """Open the images, pick the channel, cut the region, and check them.

    Yields between steps, so that it can be stopped.

    Raises
    ------
    ValueError, TypeError, OSError
        With a sentence for the person, if they cannot be trained on.
    """
    from ..images import check_trainable, intensity_range, open_images

    yield None
    source = wanted.path or _cut(wanted)
    opened = open_images(source, axes=wanted.axes or None)
    yield None
    images = opened.channel(min(wanted.channel, opened.n_channels - 1))
    warnings = list(check_trainable(images))
    yield None
    low, high = intensity_range(images)
    if min(images.size) < SMALLEST_WITH_VALIDATION:
        warnings.append(
            f"Below {SMALLEST_WITH_VALIDATION}x{SMALLEST_WITH_VALIDATION} pixels no "
            "part is kept apart for validation."
        )
    return Seen(
        images=images,
        n_channels=opened.n_channels,
        channel_names=tuple(opened.channel_names),
        facts=_facts(images, low, high),
        warnings=tuple(warnings),
    )


def check_noise(images: Any, **choices: Any) -> Generator[None, None, NoiseReport]:
    """Say what kind of noise images have; `choices` are those of `inspect_noise`.

    Raises
    ------
    ValueError
        With a sentence for the person, if there is no noise to be seen.
    """
    from ..images import inspect_noise

    yield None
    return inspect_noise(images, **choices)


def _cut(wanted: Wanted) -> Any:
    """Return one array or a list of them, cut to their regions; never copied."""
    arrays = list(wanted.arrays)
    if wanted.regions:
        arrays = [
            cut_region(array, wanted.axes, region)
            for array, region in zip(arrays, wanted.regions, strict=True)
        ]
    return arrays[0] if len(arrays) == 1 else arrays


def cut_region(array: Any, axes: str, region: tuple[slice, slice]) -> Any:
    """Return the rows and columns of `region` of an array with these `axes`."""
    index = [slice(None)] * array.ndim
    index[axes.index("Y")], index[axes.index("X")] = region
    return array[tuple(index)]


def _facts(images: ImageStack, low: float, high: float) -> str:
    n_patches = images.n_images * prod(images.size) // PATCH**2
    rows, columns = images.size
    noun = "image" if images.n_images == 1 else "images"
    return (
        f"{images.n_images} {noun} of {rows}x{columns}, {images.data.dtype}, values "
        f"{low:.6g} to {high:.6g}: about {max(n_patches, 1)} patches of "
        f"{PATCH}x{PATCH}."
    )


def renamed(images: ImageStack, names: tuple[str, ...]) -> ImageStack:
    """Return the same images under the names of their layers."""
    return replace(images, names=names)
