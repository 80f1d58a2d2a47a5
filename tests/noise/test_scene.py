"""A still scene that is not quite still: followed, or refused with the reason."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np
import pytest
import tifffile
from scipy import ndimage
from skimage import io

from napari_divnoise.noise import (
    calibrate_noise_model,
    calibration_pairs,
    fit_noise_model,
    look_at_scene,
)

if TYPE_CHECKING:
    from pathlib import Path

SIZE = 160
RNG = np.random.default_rng(0)


def scene(seed: int = 0) -> np.ndarray:
    """A signal with structures of some pixels, 200 to 1200 or so."""
    rough = np.random.default_rng(seed).standard_normal((SIZE + 40, SIZE + 40))
    smooth = ndimage.gaussian_filter(rough, 3)
    return 700 + 120 * smooth / smooth.std()


def film(
    shifts: np.ndarray | None = None,
    gains: np.ndarray | None = None,
    n: int = 10,
    std: float = 15.0,
) -> np.ndarray:
    """Frames of a scene that moves, or changes its brightness."""
    rng = np.random.default_rng(1)
    frames = []
    for i in range(n):
        moved = scene()
        if shifts is not None:
            moved = ndimage.shift(moved, shifts[i], order=5, mode="nearest")
        moved = moved[20:-20, 20:-20] * (1 if gains is None else gains[i])
        frames.append(moved + std * rng.standard_normal((SIZE, SIZE)))
    return np.rint(frames).astype(np.uint16)


def variance(frames: np.ndarray) -> np.ndarray:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        model = calibrate_noise_model(frames, kind="gaussian")
    return model.variance(np.array([500.0, 700.0, 900.0]))


def test_still_scenes_are_left_alone() -> None:
    frames = film()
    found = look_at_scene(frames)
    assert not found.drifts
    assert not found.changes_brightness
    assert found.sentences == ()
    np.testing.assert_allclose(variance(frames), 225, rtol=0.03)


@pytest.mark.parametrize("slope", [0.0, 0.2, 4.0])
def test_ramps_and_flat_fields_do_not_drift(slope: float) -> None:
    y, x = np.mgrid[:48, :48]
    signal = 300 + slope * (48 * y + x) / 10
    frames = np.random.default_rng(2).poisson(signal, (12, 48, 48)).astype(np.uint16)
    found = look_at_scene(frames)
    assert not found.drifts
    assert not found.changes_brightness


def test_drift_is_followed() -> None:
    shifts = np.cumsum(RNG.normal(0, 0.4, (10, 2)), axis=0)
    frames = film(shifts)
    found = look_at_scene(frames)
    np.testing.assert_allclose(found.shifts, shifts - shifts.mean(0), atol=0.1)
    assert "drifts by up to" in found.sentences[0]
    observation, signal = calibration_pairs(frames)
    assert observation.shape == signal.shape == np.asarray(signal).shape
    # Observations are what the camera gave, never moved.
    edge = (SIZE - observation.shape[1]) // 2
    np.testing.assert_array_equal(observation, frames[:, edge:-edge, edge:-edge])
    np.testing.assert_allclose(variance(frames), 225, rtol=0.06)
    # Taken for noise, the drift would have more than doubled it.
    still = np.asarray(frames, dtype=float) - frames.mean(0)
    assert still.var() > 2 * 225


def test_large_drift_in_whole_pixels() -> None:
    shifts = np.outer(np.arange(10) - 4.5, (1.0, -0.7))
    found = look_at_scene(film(shifts))
    np.testing.assert_allclose(found.shifts, shifts, atol=0.15)


def test_brightness_is_followed() -> None:
    gains = 1 + np.linspace(-0.08, 0.08, 10)
    frames = film(gains=gains)
    found = look_at_scene(frames)
    assert not found.drifts
    level = found.gains * 700 + found.offsets
    np.testing.assert_allclose(level / level.mean(), gains, atol=0.003)
    assert "brightness changes by 16.0% between the frames" in found.sentences[0]
    observation, signal = calibration_pairs(frames)
    assert observation is frames
    assert signal.shape == frames.shape
    np.testing.assert_array_equal(signal[3], signal[2:5][1])
    np.testing.assert_array_equal(signal[3, 5:9], np.asarray(signal)[3, 5:9])
    np.testing.assert_allclose(variance(frames), 225, rtol=0.03)


def test_different_scenes_are_refused() -> None:
    frames = film().astype(float)
    frames[6] = scene(seed=5)[20:-20, 20:-20]
    with pytest.raises(ValueError, match="frame 7 shows another scene than the other"):
        look_at_scene(frames)


def test_a_scene_that_changes_is_refused() -> None:
    frames = film().astype(float)
    y, x = np.mgrid[:SIZE, :SIZE]
    for n, frame in enumerate(frames):
        frame += 400 * (np.hypot(y - 80, x - 30 - 10 * n) < 20)
    with pytest.raises(
        ValueError, match=r"the scene changes between the frames: .*still"
    ):
        look_at_scene(frames)


def test_a_scene_that_jumps_is_refused() -> None:
    shifts = np.zeros((4, 2))
    shifts[2] = (0, 30)
    with pytest.raises(ValueError, match=r"the scene moves by 2. pixels between the"):
        look_at_scene(film(shifts, n=4))


def test_bleaching_by_half_is_refused() -> None:
    with pytest.raises(
        ValueError, match=r"brightness changes by a factor of \d.* bleached"
    ):
        look_at_scene(film(gains=np.geomspace(1, 0.3, 10)))


def test_frames_with_nan_are_named() -> None:
    frames = film(n=3).astype(float)
    frames[1, 5, 5] = np.nan
    with pytest.raises(ValueError, match="frame 2 holds NaN"):
        look_at_scene(frames)


def test_two_cameras_are_refused() -> None:
    frames = film(std=10).astype(float)
    frames[5:] += 25 * RNG.standard_normal(frames[5:].shape)
    with pytest.raises(
        ValueError, match=r"variance of frame .* of one camera at one sett"
    ):
        calibrate_noise_model(frames, kind="gaussian")


@pytest.mark.parametrize("lead", [(), (1,)])
def test_one_defocused_frame(lead: tuple[int, ...]) -> None:
    y, x = np.mgrid[:400, :400]
    signal = 500 + 400 * np.sin(x / 150) * np.cos(y / 190)
    noise = RNG.standard_normal(signal.shape) * np.sqrt(3 * (signal - 50))
    frame = np.rint(signal + noise).astype(np.uint16).reshape(*lead, 400, 400)
    found = look_at_scene(frame)
    assert found.is_smooth
    assert "One defocused frame" in found.sentences[0]
    model = calibrate_noise_model(frame, kind="gaussian")
    at = np.array([200.0, 500.0, 800.0])
    np.testing.assert_allclose(model.variance(at), 3 * (at - 50), rtol=0.08)


def test_one_frame_with_structure_is_refused() -> None:
    with pytest.raises(ValueError, match=r"shows structure .* out of focus"):
        look_at_scene(film(n=1))


@pytest.mark.realdata
def test_real_defocused_frame(divnoise_data: Path) -> None:
    folder = divnoise_data / "convallaria"
    frame = tifffile.imread(folder / "calibration_diaphragm_1024_uint16.tif")
    model = calibrate_noise_model(frame, kind="gaussian")
    assert model.slope == pytest.approx(52, rel=0.03)
    assert -model.intercept / model.slope == pytest.approx(478, abs=8)
    with pytest.raises(ValueError, match="shows structure"):
        look_at_scene(tifffile.imread(folder / "noisy_1024_uint16.tif"))


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("field", "drifts"), [("TwoPhoton_MICE", 12), ("Confocal_BPAE_G", 14)]
)
def test_real_frames_that_drift_in_brightness(
    divnoise_data: Path, field: str, drifts: float
) -> None:
    folder = divnoise_data / "fmd"
    signal = io.imread(folder / "gt" / f"{field}.png").astype(float)
    frames = np.stack(
        [io.imread(folder / "raw" / f"{field}_{n}.png") for n in range(1, 5)]
    )
    found = look_at_scene(frames)
    assert f"brightness changes by {drifts}" in found.sentences[0]
    with pytest.warns(UserWarning, match="the mean of 4 frames is a noisy signal"):
        model = calibrate_noise_model(frames, kind="gaussian")
    # Each frame against the mean of fifty, brought to its brightness.
    fitted = [
        np.polyval(np.polyfit(signal.ravel(), f.ravel(), 1), signal) for f in frames
    ]
    paired = fit_noise_model(frames, np.stack(fitted), kind="gaussian")
    at = np.percentile(signal, (50, 80, 95))
    np.testing.assert_allclose(model.variance(at), paired.variance(at), rtol=0.06)
