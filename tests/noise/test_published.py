"""A noise model in the published format means the same to the published formula."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from napari_divnoise.noise import (
    MixtureNoiseModel,
    fit_noise_model,
    fitting_noise_model,
    joint_histogram,
    load_noise_model,
    save_noise_model,
)

if TYPE_CHECKING:
    from pathlib import Path

RNG = np.random.default_rng(0)
SIGNAL = RNG.uniform(480, 3000, (150, 200))
NOISE = (RNG.gamma(3, 1, (4, 150, 200)) - 3) * np.sqrt(17 * (SIGNAL - 470))
FRAMES = np.rint(SIGNAL + NOISE).astype(np.uint16)


def published_log_likelihood(arrays: Any, x: np.ndarray, s: np.ndarray) -> np.ndarray:
    """The formula of PPN2V, DivNoising, HDN and CAREamics, in double precision."""
    weight = np.asarray(arrays["trained_weight"], np.float64)
    k = len(weight) // 3
    low, high, floor = (
        float(np.asarray(arrays[name]).reshape(-1)[0])
        for name in ("min_signal", "max_signal", "min_sigma")
    )
    t = (s - low) / (high - low)
    powers = t ** np.arange(weight.shape[1])[:, None]
    means = weight[:k] @ powers
    variances = np.maximum(np.exp(weight[k : 2 * k]) @ powers, floor)
    alphas = np.exp(weight[2 * k :] @ powers + 1e-10)
    alphas /= alphas.sum(0)
    means = means - (alphas * means).sum(0) + s
    normal = np.exp(-((x - means) ** 2) / (2 * variances)) / np.sqrt(
        2 * np.pi * variances
    )
    return np.log((alphas * normal).sum(0) + 1e-10)


def pixels(n: int = 2000) -> tuple[np.ndarray, np.ndarray]:
    s = RNG.uniform(480, 3000, n)
    return s + RNG.uniform(-5, 5, n) * np.sqrt(51 * (s - 470)), s


@pytest.mark.parametrize(("k", "n"), [(1, 2), (3, 2), (2, 3)])
def test_ours_by_the_published_formula(k: int, n: int, tmp_path: Path) -> None:
    model = fit_noise_model(FRAMES, SIGNAL, n_components=k, n_coefficients=n)
    path = save_noise_model(model, tmp_path / "GMMNoiseModel_ours")
    x, s = pixels()
    expected = published_log_likelihood(np.load(path, allow_pickle=False), x, s)
    found = model.log_prob(observation=x, signal=s)
    # A pixel of float32 is off by a few in the seventh digit, and so is its residual.
    np.testing.assert_allclose(found, expected, atol=1e-4, rtol=1e-5)
    assert found.mean(dtype=float) == pytest.approx(expected.mean(), abs=1e-5)


@pytest.mark.parametrize("shape", [(), (1,), (1, 1)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("suffix", ["", ".npz"])
def test_every_published_variant(
    shape: tuple[int, ...], dtype: type, suffix: str, tmp_path: Path
) -> None:
    weight = np.random.default_rng(1).standard_normal((9, 2))
    weight[3:6, 1] = 7.8
    arrays = {
        "trained_weight": weight.astype(dtype),
        "min_signal": np.full(shape, 480, dtype),
        "max_signal": np.full(shape, 3000, dtype),
        "min_sigma": np.array(50),
        "channel_index": np.array([0]),
        "comment": np.array("from elsewhere"),
    }
    np.savez(tmp_path / "GMMNoiseModel_c_3_2_calibration.npz", **arrays)
    model = load_noise_model(tmp_path / f"GMMNoiseModel_c_3_2_calibration{suffix}")
    assert isinstance(model, MixtureNoiseModel)
    x, s = pixels()
    expected = published_log_likelihood(arrays, x, s)
    found = model.log_prob(observation=x, signal=s)
    np.testing.assert_allclose(found, expected, atol=2e-4, rtol=1e-5)
    assert found.mean(dtype=float) == pytest.approx(expected.mean(), abs=1e-5)


def test_fits_repeat_to_the_last_bit() -> None:
    first, again = (
        fit_noise_model(FRAMES, SIGNAL, seed=3).as_arrays()["trained_weight"]
        for _ in range(2)
    )
    np.testing.assert_array_equal(first, again)


@pytest.mark.parametrize("kind", ["mixture", "gaussian", "histogram"])
def test_what_is_kept_is_the_best(kind: str) -> None:
    pairs = joint_histogram(FRAMES, SIGNAL)
    steps = list(fitting_noise_model(pairs, kind=kind))
    assert all(step.noise_model.kind == kind for step in steps)
    assert steps[-1].nll <= min(step.nll for step in steps) + 1e-3
    last = steps[-1].noise_model
    assert last.describe() == fit_noise_model(FRAMES, SIGNAL, kind=kind).describe()
