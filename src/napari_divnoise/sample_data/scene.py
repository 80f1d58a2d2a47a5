"""A synthetic scene: what was there, and what the camera made of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from .membranes import paint_membranes
from .nuclei import paint_cells

if TYPE_CHECKING:
    from collections.abc import Callable

    from .optics import Float

GAIN = 2.0  # ADU per photon
READ_NOISE = 3.0  # ADU
OFFSET = 100.0  # ADU

# First words of the seeds, so that no two purposes share their random numbers.
PAINTING, OBSERVING, EXPOSING = 1, 2, 3


@dataclass(frozen=True, slots=True)
class SyntheticScene:
    """Fields of view with their truth, and the camera that saw them.

    Attributes
    ----------
    observation : ndarray of uint16, shape (N, Y, X)
        One noisy exposure of every field, in camera units (ADU).
    truth : ndarray of float32, shape (N, Y, X)
        The signal: what the camera would have read without noise, in camera units.
    gain : float
        Camera units per photon.
    read_noise : float
        Standard deviation of the readout, in camera units.
    offset : float
        What the camera reads in the dark, in camera units.
    """

    observation: npt.NDArray[np.uint16]
    truth: npt.NDArray[np.float32]
    gain: float
    read_noise: float
    offset: float

    def variance(self, signal: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return the variance of observations of `signal`, in camera units squared.

        ``gain * (signal - offset) + read_noise**2 + 1/12``: photons are Poisson
        distributed, the readout is Gaussian, rounding adds the variance of a uniform
        error. Clipping at 0 and 65535 is left out: both are far away.
        """
        return self.gain * (signal - self.offset) + self.read_noise**2 + 1 / 12

    def expose(self, n: int, *, seed: int) -> npt.NDArray[np.uint16]:
        """Take `n` more exposures of the first field, a still scene: (n, Y, X)."""
        rng = np.random.default_rng([EXPOSING, seed])
        return np.stack([self._read_out(self.truth[0], rng) for _ in range(n)])

    def _read_out(
        self, signal: npt.NDArray[np.float32], rng: np.random.Generator
    ) -> npt.NDArray[np.uint16]:
        """Count the photons of one exposure and read the camera."""
        photons = (signal.astype(np.float64) - self.offset) / self.gain
        adu = self.offset + self.gain * rng.poisson(photons)
        adu += rng.normal(0, self.read_noise, signal.shape)
        return np.asarray(np.clip(np.rint(adu), 0, 65535), np.uint16)


def make_cells(
    seed: int = 0, size: int = 512, n: int = 1, *, exposure: float = 1.0
) -> SyntheticScene:
    """Make fields of fluorescent nuclei: some touch, a few divide, some are blurred.

    Parameters
    ----------
    seed : int
        Not negative. Field `i` depends on `seed`, `size` and `i`, but not on `n`.
    size : int
        Edge of a field, in pixels of 0.2 micrometre, at least 32.
    n : int
        Number of fields, at least 1.
    exposure : float
        Exposure time, greater than 0. At 1 nuclei give 5 to 40 photons per pixel, on
        a background of 1 to 3.

    Returns
    -------
    SyntheticScene
        Made from these numbers alone: the same numbers give the same scene.

    Raises
    ------
    ValueError
        If a number is outside its range.
    """
    return _make_scene(paint_cells, seed, size, n, exposure)


def make_membranes(
    seed: int = 0, size: int = 512, n: int = 1, *, exposure: float = 1.0
) -> SyntheticScene:
    """Make fields of an epithelium: thin membranes around cells, and open lumens.

    Parameters, result and errors are those of `make_cells`. Some membranes are hardly
    brighter than the cytoplasm: whether two cells are parted there is a question to
    which one noisy image has more than one answer.
    """
    return _make_scene(paint_membranes, seed, size, n, exposure)


def _make_scene(
    paint: Callable[[np.random.Generator, int], Float],
    seed: int,
    size: int,
    n: int,
    exposure: float,
) -> SyntheticScene:
    """Paint `n` fields and photograph each of them once."""
    _check(seed, size, n, exposure)
    # A generator for each field, so that a field stays itself as n grows.
    painters = [np.random.default_rng([PAINTING, seed, i]) for i in range(n)]
    photons = exposure * np.stack([paint(rng, size) for rng in painters])
    truth = (OFFSET + GAIN * photons).astype(np.float32)
    dark = SyntheticScene(np.empty(0, np.uint16), truth, GAIN, READ_NOISE, OFFSET)
    observation = [
        dark._read_out(field, np.random.default_rng([OBSERVING, seed, i]))
        for i, field in enumerate(truth)
    ]
    return replace(dark, observation=np.stack(observation))


def _check(seed: int, size: int, n: int, exposure: float) -> None:
    """Raise ValueError for a number outside its range."""
    if seed < 0:
        raise ValueError(f"seed is {seed}: choose a whole number from 0 on")
    if size < 32:
        raise ValueError(f"size is {size} pixels: a field needs at least 32")
    if n < 1:
        raise ValueError(f"n is {n}: make at least 1 field")
    if not exposure > 0:
        raise ValueError(f"exposure is {exposure}: it must be greater than 0")
