"""Linear variance: the formula, and finding a camera's gain and read noise."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import stats

from napari_divnoise.noise import GaussianNoiseModel, fit_gaussian, gaussian_log_prob

GAIN, OFFSET, READ_NOISE = 2.5, 100.0, 4.0


def camera(shape: tuple[int, ...], seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Observations and their signal: shot noise of electrons, and read noise."""
    rng = np.random.default_rng(seed)
    electrons = rng.uniform(2, 300, shape[-2:])
    shot = rng.poisson(np.broadcast_to(electrons, shape))
    read = READ_NOISE * rng.standard_normal(shape)
    return GAIN * shot + OFFSET + read, GAIN * electrons + OFFSET


def test_log_prob_is_that_of_scipy() -> None:
    s = np.linspace(100, 900, 40)
    x = s + np.linspace(-90, 90, 40)
    model = GaussianNoiseModel(2.0, -150.0, 9.0, (100, 900))
    expected = stats.norm(s, np.sqrt(2 * s - 150)).logpdf(x)
    found = model.log_prob(observation=x, signal=s)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


def test_free_variance_per_pixel() -> None:
    x, s = torch.randn(2, 30)
    variance = torch.rand(30) + 0.1
    expected = torch.distributions.Normal(s, variance.sqrt()).log_prob(x)
    torch.testing.assert_close(gaussian_log_prob(x, s, variance), expected)


def test_variance_has_a_floor() -> None:
    model = GaussianNoiseModel(2.0, -150.0, 9.0, (100, 900))
    found = model.variance(np.array([0.0, 79.0, 80.0, 100.0]))
    np.testing.assert_allclose(found, [9, 9, 10, 50])


def test_fit_finds_gain_and_read_noise() -> None:
    model = fit_gaussian(*camera((4, 300, 300)))
    assert model.slope == pytest.approx(GAIN, rel=0.01)
    dark = model.slope * OFFSET + model.intercept
    assert dark == pytest.approx(READ_NOISE**2, abs=5)


def test_fit_does_not_depend_on_the_unit() -> None:
    x, s = camera((2, 200, 200))
    one = fit_gaussian(x, s)
    other = fit_gaussian(x / 65535, s / 65535)
    assert other.slope * 65535 == pytest.approx(one.slope, rel=1e-3)
    assert other.intercept * 65535**2 == pytest.approx(one.intercept, rel=1e-2)


def test_fit_is_the_most_likely_line() -> None:
    x, s = camera((150, 150))
    model = fit_gaussian(x, s)

    def nll(slope: float, intercept: float) -> float:
        other = GaussianNoiseModel(slope, intercept, model.min_variance, (0, 1))
        return -float(other.log_prob(observation=x, signal=s).mean(dtype=float))

    best = nll(model.slope, model.intercept)
    for slope, intercept in ((1.02, 1.0), (0.98, 1.0), (1.0, 1.05), (1.0, 0.95)):
        assert best < nll(slope * model.slope, intercept * model.intercept)


def test_noise_that_does_not_rise_has_slope_zero() -> None:
    rng = np.random.default_rng(0)
    s = rng.uniform(0, 100, (300, 300))
    x = s + rng.standard_normal(s.shape) * np.sqrt(30 - 0.1 * s)
    model = fit_gaussian(x, s)
    assert model.slope == 0
    assert model.intercept == pytest.approx(25, rel=0.02)


def test_floor_can_be_given() -> None:
    assert fit_gaussian(*camera((200, 200)), min_variance=50).min_variance == 50


@pytest.mark.parametrize(
    ("slope", "min_variance", "message"),
    [
        (-1.0, 1.0, "slope must be 0 or more and min_variance above 0, got -1.0"),
        (1.0, 0.0, "above 0, got 1.0 and 0.0"),
        (np.nan, 1.0, "needs finite numbers, got slope nan"),
    ],
)
def test_wrong_numbers_are_refused(
    slope: float, min_variance: float, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        GaussianNoiseModel(slope, 0.0, min_variance, (0, 1))
