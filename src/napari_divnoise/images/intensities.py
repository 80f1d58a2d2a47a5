"""Camera units to network units, and back, without letting a hot pixel decide."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from .sampling import sample_pixels

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .stack import ImageStack, PixelArray

ArrayT = TypeVar("ArrayT")

TAIL = 0.001
"""Share of the pixels at either end whose values do not count (winsorising)."""

LARGEST = 1e30
"""Camera units that float32 can hold, and be multiplied with a little."""

_CAMERA_MAXIMA = tuple(2**bits - 1 for bits in (8, 10, 11, 12, 14, 15, 16))


@dataclass(frozen=True, slots=True)
class Normalization:
    """The affine map from camera units to network units, ``x' = (x - mean) / std``.

    Attributes
    ----------
    mean : float
        Camera units that become 0.
    std : float
        Camera units that become 1; greater than 0.
    """

    mean: float
    std: float

    def __post_init__(self) -> None:
        """Refuse a map that has no inverse."""
        if not isfinite(self.mean) or not isfinite(self.std) or self.std <= 0:
            raise ValueError(
                f"a normalization needs a finite mean and a std above 0, got mean "
                f"{self.mean} and std {self.std}: are the images constant?"
            )

    def normalize(self, x: ArrayT) -> ArrayT:
        """Camera units to network units, float32; numpy, dask or torch, as given."""
        result: ArrayT = _as_float32((_widened(x) - self.mean) / self.std)
        return result

    def denormalize(self, normalized_x: ArrayT) -> ArrayT:
        """Network units to camera units, float32; numpy, dask or torch, as given."""
        result: ArrayT = _as_float32(_widened(normalized_x) * self.std + self.mean)
        return result

    def as_dict(self) -> dict[str, float]:
        """Return plain numbers for JSON or YAML."""
        return {"mean": self.mean, "std": self.std}

    @classmethod
    def from_dict(cls, values: Mapping[str, float]) -> Normalization:
        """Return the map that `as_dict` described.

        Raises
        ------
        ValueError
            If mean or std is missing or is not a usable number.
        """
        try:
            return cls(mean=float(values["mean"]), std=float(values["std"]))
        except (KeyError, TypeError) as error:
            raise ValueError(
                f"a normalization needs the numbers mean and std, got {values!r}"
            ) from error


def _widened(x: Any) -> Any:
    """Give `x` enough digits that subtracting a large offset loses none.

    float32 holds 16-bit integers exactly but not 32-bit ones. A tensor is told by
    its method `float`, so that torch need not be imported.
    """
    if hasattr(x, "float"):
        return x if str(x.dtype) == "torch.float64" else x.float()
    array = x if hasattr(x, "astype") else np.asarray(x)
    return array.astype(np.result_type(array.dtype, np.float32), copy=False)


def _as_float32(x: Any) -> Any:
    return x.float() if hasattr(x, "float") else x.astype(np.float32, copy=False)


def estimate_normalization(
    images: ImageStack | PixelArray, *, seed: int = 0
) -> Normalization:
    """Estimate mean and standard deviation of images, whatever a few pixels say.

    Values beyond the 0.1st and the 99.9th percentile (but at least the one lowest
    and the one highest pixel) are moved onto that percentile first. Sums are in
    float64.

    Parameters
    ----------
    images : ImageStack or array
        Camera units, any shape ``(..., Y, X)``. Up to 4 million pixels are all
        used; of more, a random sample of that many, from 32 or more windows.
    seed : int
        Chooses the sample.

    Raises
    ------
    ValueError
        If the pixels are all alike (but for the tails), not all finite, or larger
        than 1e30.
    """
    pixels = np.concatenate(list(sample_pixels(images, seed=seed))).astype(np.float64)
    n_bad = int(pixels.size - np.count_nonzero(np.isfinite(pixels)))
    if n_bad:
        raise ValueError(
            f"{n_bad} of {pixels.size} pixels are NaN or infinite: replace them "
            f"first, for example with numpy.nan_to_num"
        )
    pixels = _winsorised(pixels)
    if float(np.abs(pixels).max()) > LARGEST:
        raise ValueError(
            f"the pixels reach {np.abs(pixels).max():.3g}, beyond {LARGEST:.0e}, which "
            f"single precision cannot work with: divide the images by a constant"
        )
    mean, std = float(pixels.mean()), float(pixels.std())
    if std <= 1e-12 * max(abs(mean), 1e-300):
        raise ValueError(
            f"the images are constant: {100 - 200 * TAIL:g} % of the pixels are "
            f"{mean:g}; there is nothing to learn from them, choose other images"
        )
    return Normalization(mean=mean, std=std)


def _winsorised(pixels: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Move both tails onto their percentile: at least one pixel at either end."""
    last = pixels.size - 1
    n_tail = min(max(1, round(TAIL * pixels.size)), last // 2)
    ranked = np.partition(pixels, (n_tail, last - n_tail))
    return pixels.clip(ranked[n_tail], ranked[last - n_tail])


def intensity_range(
    images: ImageStack | PixelArray, *, seed: int = 0
) -> tuple[float, float]:
    """Return the lowest and highest finite value, in camera units.

    Exact up to 4 million pixels; of more, that of the sample that
    `estimate_normalization` takes.

    Raises
    ------
    ValueError
        If no pixel is finite.
    """
    lows, highs = [], []
    for pixels in sample_pixels(images, seed=seed):
        finite = pixels[np.isfinite(pixels)]
        if finite.size:
            lows.append(float(finite.min()))
            highs.append(float(finite.max()))
    if not lows:
        raise ValueError("no pixel is finite: choose other images")
    return min(lows), max(highs)


def saturation_value(dtype: np.dtype[Any], maximum: float) -> float | None:
    """Return the value at which such pixels are saturated, or None if none is known.

    Cameras of 10 to 15 bits write into 16: their end of scale is recognised by a
    `maximum` of exactly 2**bits - 1. Floats are saturated at 1.0 or at such a value.

    Parameters
    ----------
    dtype : numpy.dtype
        Type of the pixels.
    maximum : float
        Highest value in the images, camera units.
    """
    if maximum in _CAMERA_MAXIMA:
        return float(maximum)
    if np.issubdtype(dtype, np.integer):
        return float(np.iinfo(dtype).max)
    return 1.0 if maximum == 1.0 else None
