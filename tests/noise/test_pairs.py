"""Pairs that make no noise model are refused, with the way out."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from napari_divnoise.noise import joint_histogram

RNG = np.random.default_rng(0)
SIGNAL = RNG.uniform(0, 100, (40, 50))
NOISY = SIGNAL + RNG.standard_normal(SIGNAL.shape)
WITH_NAN = np.where(NOISY.max() == NOISY, np.nan, NOISY)
WITH_INF = np.where(SIGNAL.max() == SIGNAL, np.inf, SIGNAL)


@pytest.mark.parametrize(
    ("observation", "signal", "message"),
    [
        (
            NOISY,
            SIGNAL.T,
            "observation has shape (40, 50) and signal has shape (50, 40)",
        ),
        (NOISY[:0], SIGNAL[:0], "no pixels in pairs of shape (0, 50)"),
        (WITH_NAN, SIGNAL, "holds NaN or infinity"),
        (NOISY, WITH_INF, "holds NaN or infinity"),
        (np.full((40, 50), 7), SIGNAL, "the observation is constant at 7"),
        (NOISY, np.full((40, 50), 7), "the signal is constant at 7"),
        (NOISY, NOISY, "observation and signal are equal everywhere"),
    ],
)
def test_unfit_pairs(observation: Any, signal: Any, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        joint_histogram(observation, signal)


def test_complex_pixels() -> None:
    with pytest.raises(TypeError, match="must be real numbers, got dtype complex128"):
        joint_histogram(NOISY + 1j, SIGNAL)


@pytest.mark.parametrize("trim", [(5, 5), (99, 1), (-1, 100), (0, 101)])
def test_percentiles_that_are_none(trim: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="two rising percentiles from 0 to 100, got"):
        joint_histogram(NOISY, SIGNAL, trim=trim)


def test_images_are_not_changed() -> None:
    noisy, signal = NOISY.copy(), SIGNAL.copy()
    joint_histogram(noisy, signal, trim=(1, 99))
    np.testing.assert_array_equal(noisy, NOISY)
    np.testing.assert_array_equal(signal, SIGNAL)
