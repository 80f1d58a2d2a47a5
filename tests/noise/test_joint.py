"""Counting pairs loses next to nothing."""

from __future__ import annotations

import dask.array
import numpy as np
import pytest

from napari_divnoise.noise import MixtureNoiseModel, joint_histogram
from napari_divnoise.noise.pairs import grey_step


def pairs(n: int = 3, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Frames of one scene with a few very bright pixels, and their signal."""
    rng = np.random.default_rng(seed)
    signal = 500 + rng.gamma(2, 150, (200, 300))
    signal[:2] *= 10
    noise = rng.standard_normal((n, 200, 300)) * np.sqrt(40 * (signal - 480))
    return signal + noise, signal


def test_every_pair_is_counted_once() -> None:
    x, s = pairs()
    counted = joint_histogram(x, s)
    assert counted.count.sum() == x.size
    assert counted.count.min() > 0
    mean = np.average(counted.observation, weights=counted.count)
    assert mean == pytest.approx(x.mean(), rel=1e-12)
    assert counted.signal_range == (s.min(), s.max())


@pytest.mark.parametrize("unit", [1.0, 1e-6, 1e5])
def test_likelihood_of_the_cells_is_that_of_the_pixels(unit: float) -> None:
    x, s = pairs()
    weight = [[-40, 90.0], [60, 0], [6, 10.0], [7, 11], [0.5, 1], [0, 0]]
    model = MixtureNoiseModel(weight, 500, 3000, 1.0).normalized(0, 1 / unit)
    counted = joint_histogram(x * unit, s * unit)
    assert counted.count.size < 0.2 * x.size
    cells = model.log_prob(observation=counted.observation, signal=counted.signal)
    pixels = model.log_prob(observation=x * unit, signal=s * unit)
    expected = pixels.mean(dtype=float)
    assert np.average(cells, weights=counted.count) == pytest.approx(expected, abs=2e-3)


def test_variance_by_signal_is_that_of_the_pixels() -> None:
    x, s = pairs(8)
    _, signal, variance = joint_histogram(x, s).variance_by_signal()
    assert (np.diff(signal) > 0).all()
    middle = (signal > 700) & (signal < 900)
    expected = 40 * (signal[middle] - 480)
    assert np.mean(variance[middle] / expected) == pytest.approx(1, abs=0.01)


def test_smallest_variance_is_that_of_the_dark() -> None:
    x, s = pairs()
    # The darkest half per cent of the pixels are this far above the offset.
    dark = np.mean(np.sort(s.ravel())[: s.size // 200]) - 480
    assert joint_histogram(x, s).smallest_variance() == pytest.approx(
        40 * dark, rel=0.2
    )


def test_lazy_arrays_and_blocks_give_the_same() -> None:
    x, s = pairs(6)
    whole = joint_histogram(x, s)
    lazy = joint_histogram(dask.array.from_array(x, chunks=(1, 200, 300)), s)
    apart = joint_histogram(x.reshape(-1), np.broadcast_to(s, x.shape).reshape(-1))
    for other in (lazy, apart):
        assert other.count.sum() == whole.count.sum()
        np.testing.assert_allclose(
            np.average(other.residual**2, weights=other.count),
            np.average(whole.residual**2, weights=whole.count),
            rtol=1e-4,
        )


def test_large_images_are_cut_along_rows() -> None:
    rng = np.random.default_rng(0)
    s = np.tile(np.linspace(10, 500, 700), (1, 800, 1))
    x = (s + rng.standard_normal((2, 800, 700))).astype(np.float32)
    counted = joint_histogram(x, s)
    assert counted.count.sum() == x.size
    variance = np.average(counted.residual**2, weights=counted.count)
    assert variance == pytest.approx(1, rel=0.01)


def test_trim_leaves_the_ends_out() -> None:
    x, s = pairs()
    counted = joint_histogram(x, s, trim=(0.5, 99.5))
    low, high = np.percentile(s, (0.5, 99.5))
    np.testing.assert_allclose(counted.signal_range, (low, high), rtol=0.02)
    assert counted.share_trimmed == pytest.approx(0.01, abs=0.003)


def test_a_hot_pixel_does_not_spoil_the_cells() -> None:
    x, s = pairs()
    expected = np.mean((x - s) ** 2)
    x[0, 50, 50] = 1e9
    cells = joint_histogram(x, s)
    calm = np.abs(cells.residual) < 1e6
    assert cells.count[~calm].sum() == 1
    square = np.average(cells.residual[calm] ** 2, weights=cells.count[calm])
    assert square == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize(
    ("values", "step"),
    [
        (np.arange(0, 256, dtype=np.uint8), 1),
        (16 * np.arange(4096), 16),
        (np.arange(256) / 255, 1 / 255),
        (np.float32(np.arange(256) / 255), 1 / 255),
        (np.arange(-5.0, 300.0), 1),
    ],
)
def test_step_of_the_grey_values(values: np.ndarray, step: float) -> None:
    sample = np.random.default_rng(0).choice(values, 50_000)
    assert grey_step(sample) == pytest.approx(step, rel=1e-4)


def test_a_hot_pixel_hides_no_step() -> None:
    sample = np.random.default_rng(0).integers(100, 900, 40_000).astype(float)
    sample[7] = 1e8
    assert grey_step(sample) == 1


def test_continuous_values_have_no_step() -> None:
    assert grey_step(np.random.default_rng(0).standard_normal(10_000)) == 0


def test_step_survives_a_signal_of_fractions() -> None:
    x, s = pairs()
    assert joint_histogram(np.rint(x / 64).astype(int), s / 64).step == 1
