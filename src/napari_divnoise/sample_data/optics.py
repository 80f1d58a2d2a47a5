"""What the painters of nuclei and membranes share: brushes, and the microscope."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Float: TypeAlias = npt.NDArray[np.float64]

PIXEL_UM = 0.2
PSF_SIGMA = 1.2  # pixels: a resolution of 0.55 micrometre
MARGIN = 48  # pixels painted around a field, so that its edge cuts through cells


def texture(rng: np.random.Generator, size: int, sigma: float) -> Float:
    """Return periodic noise of unit variance, smooth over `sigma` pixels."""
    squared = np.fft.fftfreq(size)[:, None] ** 2 + np.fft.rfftfreq(size) ** 2
    spectrum = np.fft.rfft2(rng.standard_normal((size, size)))
    spectrum *= np.exp(-2 * (np.pi * sigma) ** 2 * squared)
    spectrum[0, 0] = 0
    field = np.fft.irfft2(spectrum, s=(size, size))
    return np.asarray(field / field.std())


def sigmoid(x: Float | float) -> Float:
    """Return the logistic function of `x`, which does not overflow."""
    return np.asarray(0.5 * (1 + np.tanh(np.asarray(x) / 2)))
