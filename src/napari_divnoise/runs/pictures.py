"""Grey pictures for files: the cover of a model, a film of samples."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image

from .files import write_whole

if TYPE_CHECKING:
    from collections.abc import Sequence

Array: TypeAlias = npt.NDArray[Any]
Limits: TypeAlias = tuple[float, float]

# The largest whole picture that is looked at for its percentiles.
LOOKED_AT = 2**21


def cover_png(image: Array, *, size: int = 256) -> bytes:
    """Return a small grey picture of `image` as the bytes of a PNG file.

    Parameters
    ----------
    image : ndarray, shape (Y, X)
        For example a denoised image, in camera units.
    size : int
        Longest edge of the picture, in pixels; a smaller image keeps its size.

    Raises
    ------
    ValueError
        If the image is not two-dimensional, or empty.
    """
    check_image("cover", image)
    picture = _picture(image, grey_limits(image), size)
    buffer = BytesIO()
    picture.save(buffer, format="PNG", optimize=True)
    return buffer.getvalue()


def save_samples_gif(
    path: str | Path,
    samples: Array,
    *,
    fps: float = 8.0,
    contrast_limits: Limits | None = None,
    size: int = 512,
) -> None:
    """Write posterior samples as a film that repeats for ever.

    What stands still is certain, what flickers is not.

    Parameters
    ----------
    path : str or Path
        Where to. Replaced whole if there.
    samples : ndarray, shape (S, Y, X)
        In camera units.
    fps : float
        Samples per second, greater than 0 and at most 50, the fastest that viewers
        of GIF files keep to.
    contrast_limits : tuple of float, optional
        Black and white, in camera units; by default the percentiles 0.1 and 99.8.
    size : int
        Longest edge of the film, in pixels; smaller images keep their size.

    Raises
    ------
    ValueError
        If `samples` is not a stack of images, or `fps` is out of range.
    StorageError
        If the disk refuses.
    """
    if samples.ndim != 3 or samples.size == 0:
        raise ValueError(
            f"samples have shape {samples.shape}: a film needs (S, Y, X), at least one"
        )
    if not 0 < fps <= 50:
        raise ValueError(f"fps is {fps}: choose more than 0 and at most 50")
    limits = contrast_limits or grey_limits(samples)
    frames = [_picture(sample, limits, size) for sample in samples]
    buffer = BytesIO()
    frames[0].save(
        buffer,
        format="GIF",
        save_all=True,
        append_images=frames[1:],
        duration=round(1000 / fps),
        loop=0,
    )
    write_whole(Path(path), buffer.getvalue())


def grey_limits(*images: Array) -> Limits:
    """Return the percentiles 0.1 and 99.8 of all finite pixels, never equal."""
    low, high = percentiles(images, 0.1, 99.8)
    return (low, high) if low < high else (low, low + 1)


def percentiles(images: Sequence[Array], *levels: float) -> tuple[float, ...]:
    """Return percentiles of all finite pixels of large images, found on a part."""
    n_pixels = sum(image.size for image in images)
    step = max(1, n_pixels // LOOKED_AT)
    values = np.concatenate([image.reshape(-1)[::step] for image in images])
    values = values[np.isfinite(values)]
    if values.size == 0:
        return (0.0,) * len(levels)
    return tuple(float(value) for value in np.percentile(values, levels))


def check_image(name: str, image: Array) -> None:
    """Raise ValueError for what is not one image with pixels."""
    if image.ndim != 2 or image.size == 0:
        raise ValueError(
            f"{name!r} has shape {image.shape}: a picture needs one image (Y, X)"
        )


def _picture(image: Array, limits: Limits, size: int) -> Image.Image:
    """Return `image` in 256 grey levels, its longest edge at most `size` pixels."""
    low, high = limits
    share = np.nan_to_num((image.astype(np.float64) - low) / (high - low))
    picture = Image.fromarray((255 * np.clip(share, 0, 1)).round().astype(np.uint8))
    if max(picture.size) > size:
        picture.thumbnail((size, size), Image.Resampling.BOX)
    return picture
