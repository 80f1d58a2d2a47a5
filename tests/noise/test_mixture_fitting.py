"""The fit of a mixture finds the noise that made the pairs."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from napari_divnoise.noise import (
    JointHistogram,
    MixtureNoiseModel,
    MixtureSettings,
    fit_to_pairs,
    fitting_mixture_to,
    joint_histogram,
    report_on_pairs,
)
from napari_divnoise.noise.density import mixture_log_prob
from napari_divnoise.noise.mixture import variance_coefficients
from napari_divnoise.noise.mixture_fitting import _Problem

# Broad, skewed noise: two parts that grow apart with the signal.
TRUE = MixtureNoiseModel(
    [[-30, -60.0], [50, 90.0], [5, 8.0], [7, 9.0], [0.8, 0.0], [0, 0.4]], 200, 1200, 1.0
)


@pytest.fixture(scope="module")
def pairs() -> JointHistogram:
    signal = np.random.default_rng(0).uniform(200, 1200, (250, 400))
    return joint_histogram(TRUE.sample(signal, seed=1), signal)


@pytest.fixture(scope="module")
def fresh() -> tuple[np.ndarray, np.ndarray]:
    signal = np.random.default_rng(5).uniform(200, 1200, 40_000)
    return TRUE.sample(signal, seed=6), signal


def nll(model: MixtureNoiseModel, x: np.ndarray, s: np.ndarray) -> float:
    return -float(model.log_prob(observation=x, signal=s).mean(dtype=float))


@pytest.mark.parametrize("n_components", [2, 3])
def test_finds_the_true_noise(
    pairs: JointHistogram, fresh: tuple[np.ndarray, np.ndarray], n_components: int
) -> None:
    found = fit_to_pairs(pairs, n_components=n_components)
    # On pixels it has not seen, next to nothing is lost to the model that made them.
    assert nll(found, *fresh) - nll(TRUE, *fresh) < 0.002
    at = np.linspace(250, 1150, 5)
    np.testing.assert_allclose(found.variance(at), TRUE.variance(at), rtol=0.05)


def test_more_coefficients_describe_no_less(pairs: JointHistogram) -> None:
    found = [
        report_on_pairs(fit_to_pairs(pairs, n_coefficients=n), pairs).nll
        for n in (1, 2, 3)
    ]
    assert found[0] - 0.02 > found[1] > found[2] - 1e-3


def test_one_part_is_as_good_as_the_gaussian(pairs: JointHistogram) -> None:
    one = report_on_pairs(fit_to_pairs(pairs, n_components=1), pairs)
    assert one.nll == pytest.approx(one.gaussian_nll, abs=1e-3)


def test_seeds_agree_and_repeat(pairs: JointHistogram) -> None:
    models = [fit_to_pairs(pairs, seed=seed) for seed in (0, 0, 1)]
    weights = [model.as_arrays()["trained_weight"] for model in models]
    np.testing.assert_array_equal(weights[0], weights[1])
    first, _, other = (report_on_pairs(model, pairs).nll for model in models)
    assert other == pytest.approx(first, abs=2e-3)


def test_unit_of_the_images_does_not_matter(pairs: JointHistogram) -> None:
    signal = np.random.default_rng(0).uniform(200, 1200, (100, 400))
    x = TRUE.sample(signal, seed=1)
    counts = [joint_histogram(x * unit, signal * unit) for unit in (1.0, 1e-5)]
    first, other = (report_on_pairs(fit_to_pairs(c), c).nll for c in counts)
    assert other - np.log(1e-5) == pytest.approx(first, abs=1e-3)


def test_improves_while_it_is_watched(pairs: JointHistogram) -> None:
    steps = list(fitting_mixture_to(pairs, MixtureSettings(n_steps=60)))
    assert [step.step for step in steps] == list(range(10, 10 * len(steps) + 1, 10))
    assert all(step.n_steps == 60 for step in steps)
    assert steps[-1].nll < steps[0].nll
    last = report_on_pairs(steps[-1].noise_model, pairs)
    assert steps[-1].nll == pytest.approx(last.nll, abs=1e-4)


def test_may_be_left_early_with_a_model(pairs: JointHistogram) -> None:
    first = next(fitting_mixture_to(pairs, MixtureSettings()))
    assert first.nll < report_on_pairs(first.noise_model, pairs).gaussian_nll


def test_integer_pixels_keep_parts_from_single_grey_values() -> None:
    signal = np.random.default_rng(0).uniform(3, 4, (100, 200))
    x = np.random.default_rng(1).poisson(signal).astype(np.uint8)
    model = fit_to_pairs(joint_histogram(x, signal))
    assert model.min_sigma >= 1 / (2 * np.pi) - 1e-6
    # So no grey value is claimed with more than all of the probability.
    grey = np.arange(20)[:, None]
    density = np.exp(model.log_prob(observation=grey, signal=np.linspace(3, 4, 9)))
    assert density.max() <= 1


@pytest.mark.parametrize(("k", "n", "tol"), [(3, 2, 1e-10), (2, 3, 1e-3), (1, 1, 0.0)])
def test_slope_of_the_likelihood_is_that_of_autograd(
    pairs: JointHistogram, k: int, n: int, tol: float
) -> None:
    settings = MixtureSettings(
        n_components=k, n_coefficients=n, tol=tol, min_sigma=90.0
    )
    problem = _Problem.of(pairs, settings)
    start = problem.start(settings)
    nll, slope = problem.nll_and_slope(start)

    weight = torch.tensor(start, requires_grad=True)
    s = torch.tensor(problem.t) * problem.limits.max_signal
    log_prob = mixture_log_prob(
        variance_coefficients(weight),
        s + torch.tensor(problem.residual),
        s,
        problem.limits,
    )
    expected = -(torch.tensor(problem.share) * log_prob).sum()
    expected.backward()
    assert nll == pytest.approx(expected.item(), abs=1e-9)
    np.testing.assert_allclose(slope, weight.grad, atol=1e-9)


def test_outliers_do_not_spoil_the_fit(fresh: tuple[np.ndarray, np.ndarray]) -> None:
    signal = np.random.default_rng(0).uniform(200, 1200, (250, 400))
    x = TRUE.sample(signal, seed=1).copy()
    x[::50, ::50] = 60_000
    found = fit_to_pairs(joint_histogram(x, signal))
    assert nll(found, *fresh) - nll(TRUE, *fresh) < 0.01


def test_min_sigma_can_be_given(pairs: JointHistogram) -> None:
    assert fit_to_pairs(pairs, min_sigma=777.0).min_sigma == pytest.approx(777)


@pytest.mark.parametrize("name", ["n_components", "n_coefficients", "n_steps"])
def test_counts_below_one_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} must be at least 1, got 0"):
        MixtureSettings(**{name: 0})


@pytest.mark.parametrize("value", [0.0, -1.0, float("nan")])
def test_min_sigma_must_be_positive(value: float) -> None:
    with pytest.raises(ValueError, match="must be above 0, got"):
        MixtureSettings(min_sigma=value)
