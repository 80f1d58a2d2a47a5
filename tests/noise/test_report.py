"""The badge of a noise model says what a person should know."""

from __future__ import annotations

import numpy as np
import pytest

from napari_divnoise.noise import (
    FitReport,
    GaussianNoiseModel,
    fit_noise_model,
    report_fit,
    share_out_of_range,
)

RNG = np.random.default_rng(0)
SIGNAL = RNG.uniform(100, 1000, (150, 150))
NOISE = RNG.gamma(2, 10, (3, 150, 150)) - 20
GAUSSIAN = GaussianNoiseModel(0.0, 200.0, 1.0, (100, 1000))


def test_good_fit_of_skewed_noise() -> None:
    model = fit_noise_model(SIGNAL + NOISE, SIGNAL)
    report = report_fit(model, SIGNAL + NOISE, SIGNAL)
    assert report.grade == "good"
    assert report.n_pairs == NOISE.size
    assert report.gaussian_nll - report.nll > 0.05
    assert "better than the best single Gaussian, from 67,500" in report.sentence


def test_likelihoods_are_those_of_the_pixels() -> None:
    report = report_fit(GAUSSIAN, SIGNAL + NOISE, SIGNAL)
    variance = 200.0
    expected = np.mean(0.5 * (NOISE**2 / variance + np.log(2 * np.pi * variance)))
    assert report.nll == pytest.approx(expected, abs=1e-3)
    assert report.gaussian_nll == pytest.approx(expected, abs=5e-3)
    assert "like the best single Gaussian" in report.sentence


def test_one_hot_pixel_does_not_decide() -> None:
    x = np.rint(SIGNAL + NOISE)
    calm = report_fit(GAUSSIAN, x, SIGNAL)
    x[0, 7, 7] = 1e8
    hot = report_fit(GAUSSIAN, x, SIGNAL)
    assert hot.nll == pytest.approx(calm.nll, abs=3e-3)
    assert hot.gaussian_nll == pytest.approx(calm.gaussian_nll, abs=3e-3)


def test_wrong_noise_model_is_poor() -> None:
    wrong = GaussianNoiseModel(0.0, 800.0, 1.0, (100, 1000))
    report = report_fit(wrong, SIGNAL + NOISE, SIGNAL)
    assert report.grade == "poor"
    assert "Worse than a single Gaussian" in report.sentence


def test_signals_beyond_the_range() -> None:
    narrow = GaussianNoiseModel(0.0, 200.0, 1.0, (100, 950))
    report = report_fit(narrow, SIGNAL + NOISE, SIGNAL)
    assert report.share_outside == pytest.approx(50 / 900, abs=0.01)
    assert "outside the range of the noise model: it extrapolates" in report.sentence


def test_drift_is_noticed() -> None:
    report = report_fit(GAUSSIAN, SIGNAL + NOISE + 5, SIGNAL)
    assert report.bias == pytest.approx(5 / np.sqrt(225), abs=0.02)
    assert report.grade == "fair"
    assert "brightness drifted" in report.sentence


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"n_pairs": 900}, "Only 900 pixels: use more frames"),
        ({"n_bright": 3}, "Only 3 pixels in the brightest tenth of the range"),
    ],
)
def test_few_pixels_are_noticed(changes: dict[str, int], said: str) -> None:
    facts = {"nll": 1.0, "gaussian_nll": 1.0, "share_outside": 0.0, "bias": 0.0}
    report = FitReport(**{"n_pairs": 10**6, "n_bright": 10**4, **facts, **changes})
    assert report.grade == "fair"
    assert said in report.sentence


def test_pixels_that_no_known_signal_explains() -> None:
    image = np.full((10, 10), 500.0)
    image[0, :5] = 1000 + 3.5 * np.sqrt(200)
    image[1, :2] = 100 - 3.5 * np.sqrt(200)
    image[2, :5] = 1000 + 2.5 * np.sqrt(200)
    assert share_out_of_range(GAUSSIAN, image) == 0.07
