"""What a camera clipped takes no part in the fit, and the model says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import tifffile
from scipy import ndimage

from napari_divnoise.noise import (
    GaussianNoiseModel,
    LearnedGaussian,
    MixtureNoiseModel,
    fit_noise_model,
    joint_histogram,
    load_noise_model,
    report_on_pairs,
    save_noise_model,
    valid_mask,
)
from napari_divnoise.noise.valid import clipped_range

if TYPE_CHECKING:
    from pathlib import Path

RNG = np.random.default_rng(0)
SIGNAL = RNG.uniform(-20, 270, (300, 400))
GAIN = 0.8
NOISE = RNG.standard_normal((3, 300, 400)) * np.sqrt(25 + GAIN * (SIGNAL + 20))
CLIPPED = np.rint(SIGNAL + NOISE).clip(0, 255).astype(np.uint8)


def test_both_ends_of_the_scale_are_found() -> None:
    pairs = joint_histogram(CLIPPED, SIGNAL)
    assert pairs.valid_range == (0.5, 254.5)
    piled = np.isin(CLIPPED, (0, 255)).mean()
    assert pairs.share_clipped > piled
    # Where a hundredth of the noise is cut off, 2.3 standard deviations from the end.
    low, high = pairs.signal_range
    assert low == pytest.approx(2.3 * np.sqrt(25 + GAIN * 35), abs=6)
    assert high == pytest.approx(255 - 2.3 * np.sqrt(25 + GAIN * 235), abs=8)
    kept = pairs.count.sum() / CLIPPED.size
    assert kept + pairs.share_clipped == pytest.approx(1, abs=1e-9)
    assert pairs.table.sum() == pytest.approx(pairs.count.sum(), rel=0.01)


@pytest.mark.parametrize("kind", ["gaussian", "mixture", "histogram"])
def test_the_fit_is_that_of_unclipped_pixels(kind: str, tmp_path: Path) -> None:
    model = fit_noise_model(CLIPPED, SIGNAL, kind=kind)
    at = np.array([50.0, 100, 150, 200])
    rtol = 0.2 if kind == "histogram" else 0.03
    np.testing.assert_allclose(model.variance(at), 25 + GAIN * (at + 20), rtol=rtol)
    assert model.valid_range == (0.5, 254.5)
    loaded = load_noise_model(save_noise_model(model, tmp_path / "camera"))
    assert loaded.valid_range == (0.5, 254.5)
    mask = valid_mask(loaded, CLIPPED)
    np.testing.assert_array_equal(mask, ~np.isin(CLIPPED, (0, 255)))


def test_published_tools_ignore_the_range(tmp_path: Path) -> None:
    model = fit_noise_model(CLIPPED, SIGNAL)
    arrays = dict(np.load(save_noise_model(model, tmp_path / "camera.npz")))
    assert set(arrays) - {"valid_range", "kind", "tol"} == {
        "trained_weight", "min_signal", "max_signal", "min_sigma",
    }  # fmt: skip


def test_report_says_how_much_was_left_out() -> None:
    pairs = joint_histogram(CLIPPED, SIGNAL)
    report = report_on_pairs(GaussianNoiseModel(GAIN, 41, 1, pairs.signal_range), pairs)
    assert report.share_clipped == pairs.share_clipped
    assert report.grade == "fair"
    assert "of the pixels were left out: the camera clipped them" in report.sentence


@pytest.mark.parametrize("unit", [1.0, 1 / 255])
def test_calm_images_are_not_clipped(unit: float) -> None:
    signal = RNG.uniform(40, 200, (100, 200))
    x = np.rint(signal + 4 * RNG.standard_normal(signal.shape)) * unit
    pairs = joint_histogram(x, signal * unit)
    assert pairs.valid_range == (-np.inf, np.inf)
    assert pairs.share_clipped == 0


@pytest.mark.parametrize("rate", [0.05, 0.5, 2.0, 5.0])
def test_counted_photons_are_not_clipped_at_zero(rate: float) -> None:
    photons = RNG.poisson(rate, 100_000)
    assert clipped_range(photons, 1.0) == (-np.inf, np.inf)


def test_continuous_values_that_repeat_at_an_end_are() -> None:
    x = RNG.normal(0.5, 0.3, 100_000).clip(0, 1)
    low, high = clipped_range(x, 0.0)
    assert 0 < low < 1e-5
    assert 1 - 1e-5 < high < 1
    assert clipped_range(RNG.normal(0.5, 0.3, 100_000), 0.0) == (-np.inf, np.inf)


def test_everything_clipped_is_refused() -> None:
    x = np.where(RNG.random((50, 60)) < 0.5, 0, 255)
    x[0, :9] = np.arange(50, 59)
    with pytest.raises(ValueError, match="nearly all observations are 0 or 255, the"):
        joint_histogram(x, RNG.uniform(0, 255, (50, 60)))
    dark = RNG.uniform(-30, 5, (200, 200))
    clipped = np.rint(dark + 10 * RNG.standard_normal(dark.shape)).clip(0, None)
    with pytest.raises(ValueError, match="no signal is nearly free of it: take images"):
        joint_histogram(clipped, dark)


@pytest.mark.parametrize("ends", [(1.0, 1.0), (2.0, 1.0), (np.nan, 1.0)])
def test_ranges_that_are_none(ends: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="valid_range must be two rising numbers"):
        MixtureNoiseModel(np.zeros((3, 1)), 0, 1, 1, valid_range=ends)


def test_learned_noise_keeps_the_range() -> None:
    learned = LearnedGaussian.starting_from(CLIPPED, 100.0, 60.0)
    np.testing.assert_allclose(learned.valid_range, ((0.5 - 100) / 60, 154.5 / 60))
    np.testing.assert_allclose(learned.freeze(100.0, 60.0).valid_range, (0.5, 254.5))
    calm = LearnedGaussian.starting_from(SIGNAL + NOISE, 100.0, 60.0)
    assert calm.valid_range == (-np.inf, np.inf)


@pytest.mark.realdata
def test_electron_microscope_that_clips_a_seventh_of_its_pixels(
    divnoise_data: Path,
) -> None:
    image = tifffile.imread(divnoise_data / "sem" / "validation_471x1690.tif")
    assert (image == 65535).mean() == pytest.approx(0.15, abs=0.01)
    signal = ndimage.gaussian_filter(image.astype(np.float32), 3)
    model = fit_noise_model(image, signal, kind="gaussian")
    assert model.valid_range == (0.5, 65534.5)
    assert valid_mask(model, image).mean() == pytest.approx(0.85, abs=0.01)
    # Its noise is as wide as the scale. Bright signals, of which a third is cut off,
    # seem to have little noise; in those that are used the most is left.
    low, high = model.signal_range
    used = (signal > low) & (signal < high)
    assert used.mean() > 0.2
    assert np.isin(image[used], (0, 65535)).mean() < 0.1
    assert np.isin(image[signal > high], (0, 65535)).mean() > 0.15
    std = np.sqrt(model.variance(np.array([low, high])))
    assert ((std > 12_000) & (std < 17_500)).all()
