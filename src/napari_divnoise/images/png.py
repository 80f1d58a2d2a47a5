"""PNG files: their header says all that must be known before they are read."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import numpy as np

from .lazy import in_blocks
from .raw import RawImage
from .tiff_ends import cut_off

if TYPE_CHECKING:
    from pathlib import Path

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_GREY = 0


def open_png(path: Path) -> RawImage:
    """Open a PNG file: grey ones lazily, as one block; colours at once.

    Raises
    ------
    ValueError
        If the file is not a PNG, or is cut off.
    """
    with path.open("rb") as file:
        header = file.read(26)
    if not header.startswith(_SIGNATURE):
        raise ValueError(f"{path.name} is not a PNG file: check where it is from")
    if len(header) < 26:
        raise cut_off(path, "its header is missing")
    width, height, bits, colour = struct.unpack(">IIBB", header[16:])
    if colour != _GREY or bits < 8:
        pixels = _read(path)
        axes = "YX" if pixels.ndim == 2 else "YXC"
        return RawImage(pixels, axes, is_rgb=pixels.ndim == 3)

    def read(block_id: tuple[int, ...]) -> np.ndarray[Any, Any]:
        return _read(path)

    dtype = np.uint8 if bits == 8 else np.uint16
    return RawImage(in_blocks(read, ((height,), (width,)), dtype), "YX")


def _read(path: Path) -> np.ndarray[Any, Any]:
    from skimage.io import imread

    try:
        return np.asarray(imread(path))
    except (OSError, SyntaxError, ValueError) as error:
        raise cut_off(path, str(error)) from error
