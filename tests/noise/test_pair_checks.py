"""Images that do not go together are refused, those that do are not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy import ndimage
from skimage import io

from napari_divnoise.noise import fit_mixture, fit_noise_model
from napari_divnoise.noise.pair_checks import check_images

if TYPE_CHECKING:
    from pathlib import Path

RNG = np.random.default_rng(0)
SIGNAL = 300 + 500 * ndimage.gaussian_filter(RNG.standard_normal((150, 200)), 2)
FRAMES = SIGNAL + 10 * RNG.standard_normal((6, 150, 200))


@pytest.mark.parametrize("fit", [fit_noise_model, fit_mixture])
@pytest.mark.parametrize("frames", [FRAMES, FRAMES[0]])
def test_swapped_images(fit: object, frames: np.ndarray) -> None:
    with pytest.raises(ValueError, match="it seems that the two are swapped"):
        fit(SIGNAL, frames)  # type: ignore[operator]


def test_frames_of_two_gains() -> None:
    mixed = FRAMES.copy()
    mixed[4:] += 12 * RNG.standard_normal(mixed[4:].shape)
    with pytest.raises(
        ValueError, match=r"the variance of frame [56] .* factor of 2\.\d"
    ):
        fit_noise_model(mixed, SIGNAL)


def test_frames_of_two_offsets() -> None:
    mixed = FRAMES.copy()
    mixed[1] += 100
    with pytest.raises(
        ValueError, match=r"the offset of frame 2 .* by \d+\.\d standard"
    ):
        fit_noise_model(mixed, SIGNAL)


@pytest.mark.parametrize("gain", [0.92, 1.08])
def test_a_little_bleaching_passes(gain: float) -> None:
    mixed = FRAMES.copy()
    mixed[1] *= gain
    check_images(mixed, SIGNAL)


def test_lists_of_pixels_and_tiny_images_pass() -> None:
    check_images(SIGNAL.ravel(), FRAMES[0].ravel())
    check_images(SIGNAL[:2], FRAMES[0, :2])


@pytest.mark.realdata
def test_real_pairs_pass_one_way_round(divnoise_data: Path) -> None:
    folder = divnoise_data / "fmd"
    for truth in sorted((folder / "gt").glob("*.png")):
        signal = io.imread(truth).astype(np.float32)
        files = sorted((folder / "raw").glob(f"{truth.stem}_*.png"))
        frames = np.stack([io.imread(file) for file in files])
        check_images(frames, signal)
        check_images(frames, frames.mean(0))
        with pytest.raises(ValueError, match="are swapped"):
            check_images(signal, frames[0])
    for low in sorted((divnoise_data / "hagen").glob("*_low.png")):
        noisy = io.imread(low).astype(float)
        clean = io.imread(low.with_name(low.name.replace("low", "high"))).astype(float)
        # Both were stretched on their own.
        clean = np.polyval(np.polyfit(clean.ravel(), noisy.ravel(), 1), clean)
        check_images(noisy, clean)
        with pytest.raises(ValueError, match="are swapped"):
            check_images(clean, noisy)


def test_a_signal_in_other_units_is_refused() -> None:
    rng = np.random.default_rng(4)
    y, x = np.mgrid[:96, :96]
    signal = 200 + 80 * np.sin(x / 12) * np.cos(y / 15)
    noisy = signal + rng.normal(0, 8, signal.shape)
    for wrong in (signal / 350, 5 * signal):
        with pytest.raises(ValueError, match="different units"):
            fit_noise_model(noisy, wrong, kind="gaussian")
    assert fit_noise_model(noisy, signal, kind="gaussian").kind == "gaussian"


@pytest.mark.parametrize("axis", [0, 1])
def test_two_cameras_in_one_image_are_refused(axis: int) -> None:
    rng = np.random.default_rng(5)
    y, x = np.mgrid[:96, :96]
    signal = 200 + 80 * np.sin(x / 12) * np.cos(y / 15)
    noisy = signal + rng.normal(0, 8, signal.shape)
    both = np.concatenate([noisy, noisy + 300], axis)
    with pytest.raises(ValueError, match="offset of quarter"):
        fit_noise_model(both, np.concatenate([signal, signal], axis), kind="gaussian")
