"""A still scene tells the noise of its camera."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from napari_divnoise.noise import (
    calibrate_noise_model,
    calibration_pairs,
    count_calibration_pairs,
)


def still_scene(n_frames: int, std: float = 5.0) -> np.ndarray:
    rng = np.random.default_rng(n_frames)
    signal = rng.uniform(100, 1000, (100, 150))
    noise = std * rng.standard_normal((n_frames, 100, 150))
    return (signal + noise).astype(np.float32)


def test_signal_is_the_mean() -> None:
    frames = still_scene(9)
    observation, signal = calibration_pairs(frames)
    assert observation is frames
    assert signal.dtype == np.float32
    np.testing.assert_allclose(signal, frames.mean(0, dtype=float), rtol=1e-6)


@pytest.mark.parametrize("n_frames", [8, 20])
@pytest.mark.parametrize("kind", ["gaussian", "mixture"])
def test_variance_is_not_too_small_for_the_few_frames(n_frames: int, kind: str) -> None:
    model = calibrate_noise_model(still_scene(n_frames), kind=kind)
    found = model.variance(np.array([200.0, 500.0, 900.0]))
    # Without care it would be 1 / n_frames smaller: 12 per cent for eight.
    np.testing.assert_allclose(found, 25, rtol=0.04)


def test_integer_frames_keep_their_grey_values() -> None:
    frames = np.rint(still_scene(10)).astype(np.uint16)
    assert count_calibration_pairs(frames).step == pytest.approx(1, rel=0.06)


def test_few_frames_are_warned_of() -> None:
    with pytest.warns(UserWarning, match="the mean of 4 frames is a noisy signal"):
        calibrate_noise_model(still_scene(4), kind="gaussian")


@pytest.mark.parametrize("frames", [np.ones((5, 5)), np.ones((1, 5, 5)), [1, 2]])
def test_what_is_no_stack_is_refused(frames: Any) -> None:
    with pytest.raises(ValueError, match=r"shape \(N, Y, X\), got shape"):
        calibrate_noise_model(frames)


def test_settings_reach_the_fit() -> None:
    model = calibrate_noise_model(still_scene(8), n_components=2, n_coefficients=1)
    assert model.as_arrays()["trained_weight"].shape == (6, 1)
    trimmed = calibrate_noise_model(still_scene(8), kind="gaussian", trim=(10, 90))
    assert trimmed.signal_range[0] > 150
