"""What the microscope gave: images of one size, perhaps still on disk."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod
from typing import Any, Protocol

import numpy as np


class PixelArray(Protocol):
    """What a stack holds: a numpy array, a memory map or a dask array."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Length of every axis."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of a pixel, in the byte order of this machine."""

    def __getitem__(self, index: Any, /) -> Any:
        """Cut a part out; a lazy array stays lazy."""


@dataclass(frozen=True, slots=True)
class ImageStack:
    """Images of one size, with what is known about their axes.

    Attributes
    ----------
    data : numpy array, memory map or dask array
        ``(N, C, Y, X)``, camera units, the file's own dtype. Never written to.
    axes : str
        One capital letter per axis of the source, as in `parse_axes`.
    shape : tuple of int
        Shape of the source.
    scale : tuple of float
        Size of a step along each axis of the source, in `units`; 1.0 if unknown.
    units : tuple of str
        Unit of each axis of the source: "um", "nm", "s", ...; "pixel" if unknown.
    channel_names : tuple of str
        One per channel of `data`, or empty.
    names : tuple of str
        One per file or array that the stack was made from.
    """

    data: PixelArray
    axes: str
    shape: tuple[int, ...]
    scale: tuple[float, ...]
    units: tuple[str, ...]
    channel_names: tuple[str, ...] = ()
    names: tuple[str, ...] = ()

    @property
    def n_images(self) -> int:
        """Number of images: N of `data`."""
        return self.data.shape[0]

    @property
    def n_channels(self) -> int:
        """Number of channels: C of `data`."""
        return self.data.shape[1]

    @property
    def size(self) -> tuple[int, int]:
        """Rows and columns of one image, in pixels."""
        return self.data.shape[2], self.data.shape[3]

    @property
    def nbytes(self) -> int:
        """Bytes that the pixels take in memory once they are read."""
        return prod(self.data.shape) * self.data.dtype.itemsize

    def channel(self, channel: int | str) -> ImageStack:
        """Return the same images with one channel, by number (from 0) or by name.

        `axes` and `shape` stay those of the source, so that `from_ncyx` finds the
        way back.

        Raises
        ------
        ValueError
            If there is no such channel.
        """
        names = self.channel_names
        index = names.index(channel) if channel in names else channel
        if not isinstance(index, int | np.integer) or not 0 <= index < self.n_channels:
            known = f" ({', '.join(names)})" if names else ""
            raise ValueError(
                f"there is no channel {channel!r}: the images have {self.n_channels}"
                f"{known}; count from 0 to {self.n_channels - 1}"
            )
        return replace(
            self,
            data=self.data[:, index : index + 1],
            channel_names=names[index : index + 1],
        )

    def plane(self, number: int) -> np.ndarray[Any, Any]:
        """Read one image, ``(Y, X)``, counting from 0.

        Raises
        ------
        ValueError
            If the stack has several channels: pick one with `channel` first.
        IndexError
            If there is no such image.
        """
        if self.n_channels > 1:
            raise ValueError(
                f"the images have {self.n_channels} channels: pick one with "
                f"channel=0 ... channel={self.n_channels - 1}"
            )
        if not -self.n_images <= number < self.n_images:
            raise IndexError(f"image {number} of {self.n_images}: count from 0")
        return np.asarray(self.data[number, 0])
