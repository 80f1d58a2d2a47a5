"""The Gaussian mixture: its numbers, its floor, its price of outliers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from napari_divnoise.noise import MixtureNoiseModel

# One narrow part to the left of the signal, one broad part to the right.
WEIGHT = np.array([[-4.0, 0], [8, 0], [2, -50], [4, -50], [0.0, 0], [0, 0]], np.float32)


def mixture(**changes: Any) -> MixtureNoiseModel:
    numbers: dict[str, Any] = {
        "weight": WEIGHT,
        "min_signal": 0.0,
        "max_signal": 1000.0,
        "min_sigma": 1.0,
    }
    return MixtureNoiseModel(**{**numbers, **changes})


def test_mixture_of_one_is_a_gaussian() -> None:
    one = mixture(weight=[[5.0, 3.0], [np.log(9.0), np.log(200.0)], [1.0, 2.0]], tol=0)
    s = np.linspace(0, 1000, 11)
    variance = 9 + 200 * s / 1000
    expected = -0.5 * (16 / variance + np.log(2 * np.pi * variance))
    found = one.log_prob(observation=s + 4, signal=s)
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_min_sigma_is_a_variance() -> None:
    signal = np.array([500.0])
    floored = mixture(min_sigma=400.0)
    # Both parts are at the floor; their distance adds its own variance.
    assert floored.variance(signal)[0] == pytest.approx(400 + 36, rel=1e-5)


def test_outlier_costs_no_more_than_the_tolerance() -> None:
    far = {"observation": np.array([1e6]), "signal": np.array([500.0])}
    assert mixture().log_prob(**far)[0] == pytest.approx(np.log(1e-10))
    assert mixture(tol=1e-4).log_prob(**far)[0] == pytest.approx(np.log(1e-4))
    assert mixture(tol=0).log_prob(**far)[0] < -1e8


def test_without_tolerance_a_far_signal_is_pulled_back() -> None:
    signal = torch.tensor([500.0], requires_grad=True)
    far = torch.tensor([900.0])
    mixture().log_prob(observation=far, signal=signal).backward()
    assert signal.grad.item() == 0
    mixture().with_tolerance(0).log_prob(observation=far, signal=signal).backward()
    assert signal.grad.item() > 1


def test_is_skewed_as_its_parts_are() -> None:
    noise = mixture().sample(np.full(50_000, 500.0)) - 500
    assert (noise**3).mean() / noise.std() ** 3 > 0.3
    assert np.median(noise) < -0.5


def test_arrays_are_those_of_the_published_format() -> None:
    arrays = mixture().as_arrays()
    assert arrays["trained_weight"].dtype == np.float32
    np.testing.assert_array_equal(arrays["trained_weight"], WEIGHT)
    assert arrays["min_signal"].shape == arrays["max_signal"].shape == (1,)
    assert arrays["min_sigma"].shape == ()


def test_weight_is_not_shared() -> None:
    weight = WEIGHT.copy()
    model = mixture(weight=weight)
    before = model.log_prob(observation=np.array([1.0]), signal=np.array([2.0]))
    weight[:] = 7
    model.as_arrays()["trained_weight"][:] = 7
    after = model.log_prob(observation=np.array([1.0]), signal=np.array([2.0]))
    assert before == after


def test_describes_itself() -> None:
    said = mixture().describe()
    assert "2 Gaussians" in said
    assert "0 to 1000" in said


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"weight": np.zeros((4, 2))}, r"shape \(3 \* K, n\), got \(4, 2\)"),
        ({"weight": np.zeros(6)}, r"got \(6,\)"),
        ({"weight": np.full((6, 2), np.nan)}, "NaN, infinity"),
        ({"weight": np.full((6, 2), 90.0)}, "variance too large"),
        ({"min_signal": 1000.0}, "min_signal must be below max_signal, got 1000"),
        ({"max_signal": np.inf}, "got 0.0 and inf"),
        ({"min_sigma": 0.0}, "must be above 0, got 0.0"),
        ({"tol": -1.0}, "tol must be 0 or more, got -1.0"),
    ],
)
def test_wrong_numbers_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        mixture(**changes)
