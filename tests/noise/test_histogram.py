"""A histogram is the published one in other units, and learns no chance by heart."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from skimage import io

from napari_divnoise.noise import (
    GaussianNoiseModel,
    HistogramNoiseModel,
    HistogramSettings,
    JointHistogram,
    fit_noise_model,
    fit_to_pairs,
    from_arrays,
    joint_histogram,
    load_noise_model,
    report_on_pairs,
    save_noise_model,
)

if TYPE_CHECKING:
    from pathlib import Path

N = 40
LOW, HIGH = 100.0, 300.0
WIDTH = (HIGH - LOW) / N


def published(empty: slice = slice(0, 0)) -> np.ndarray:
    """What PPN2V saves: shares, and lower and upper edges of the bins."""
    rng = np.random.default_rng(0)
    lower = np.linspace(LOW, HIGH, N + 1)[:-1]
    away = lower[:, None] - lower
    share = np.exp(-0.5 * (away / 12) ** 2) * rng.uniform(0.5, 1.5, (N, N))
    share /= share.sum(1, keepdims=True)
    share[empty] = 0
    edges = np.repeat(lower[:, None], N, axis=1)
    return np.stack([share, edges, edges + WIDTH])


def published_likelihood(table: np.ndarray, x: np.ndarray, s: np.ndarray) -> np.ndarray:
    """Share of the bin of `x`, between the rows whose lower edges enclose `s`."""
    share, lowest, highest = table[0], table[1, 0, 0], table[2, -1, 0]
    n = len(share)

    def place(values: np.ndarray) -> np.ndarray:
        at = (values - lowest) / (highest - lowest) * n
        return np.clip(at, 0, n - 1 - 1e-3)

    column = np.floor(place(x)).astype(int)
    row = np.floor(place(s)).astype(int)
    part = place(s) - row
    return (1 - part) * share[row, column] + part * share[row + 1, column]


def skewed(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Integer pixels with noise that is no Gaussian, and their signal."""
    rng = np.random.default_rng(seed)
    signal = rng.uniform(20, 150, (n, 300))
    noise = (rng.gamma(2, 1, signal.shape) - 2) * np.sqrt(signal)
    return np.rint(signal + noise).clip(0).astype(np.uint16), signal


@pytest.fixture(scope="module")
def pairs() -> JointHistogram:
    return joint_histogram(*skewed(600, 1))


@pytest.fixture(scope="module")
def fitted(pairs: JointHistogram) -> HistogramNoiseModel:
    model = fit_to_pairs(pairs, kind="histogram")
    assert isinstance(model, HistogramNoiseModel)
    return model


def test_published_likelihood_half_a_bin_on(tmp_path: Path) -> None:
    table = published()
    np.save(tmp_path / "HistNoiseModel.npy", table)
    model = load_noise_model(tmp_path / "HistNoiseModel.npy")
    rng = np.random.default_rng(1)
    x = rng.uniform(LOW, HIGH - 2 * WIDTH, 500)
    # At the middles of the rows and between them; a published row is at a lower edge.
    for s in (
        LOW + WIDTH * (rng.integers(0, N - 2, 500) + 0.5),
        rng.uniform(110, 280, 500),
    ):
        expected = published_likelihood(table, x, s - 0.5 * WIDTH) / WIDTH + 1e-10
        found = model.log_prob(observation=x, signal=s)
        np.testing.assert_allclose(found, np.log(expected), atol=2e-5)


def test_the_last_bin_is_used() -> None:
    table = published()
    last = load(table).log_prob(
        observation=np.array([HIGH - 0.1]), signal=np.array([HIGH - WIDTH / 2])
    )
    assert np.exp(last[0]) == pytest.approx(table[0, -1, -1] / WIDTH, rel=1e-4)


def load(table: np.ndarray) -> HistogramNoiseModel:
    from napari_divnoise.noise.histogram_files import from_published

    return from_published(table)


def test_published_file_comes_back_bit_for_bit(tmp_path: Path) -> None:
    table = published()
    path = save_noise_model(load(table), tmp_path / "a.npy")
    np.testing.assert_allclose(np.load(path), table, rtol=1e-6, atol=1e-9)
    assert [file.name for file in tmp_path.iterdir()] == ["a.npy"]


def test_empty_rows_are_filled_from_their_neighbours() -> None:
    with pytest.warns(UserWarning, match="no pixel has a signal of 125 to 150: "):
        model = load(published(slice(5, 10)))
    s = np.array([127.5, 137.5, 147.5])
    density = np.exp(model.log_prob(observation=s, signal=s))
    assert (density > 0.005).all()
    np.testing.assert_allclose(model.mean(s), s, atol=6)


def test_our_own_goes_to_published_tools(
    fitted: HistogramNoiseModel, tmp_path: Path
) -> None:
    table = np.load(save_noise_model(fitted, tmp_path / "own.npy"), allow_pickle=False)
    n = table.shape[1]
    assert table.shape == (3, n, n)
    np.testing.assert_allclose(table[0].sum(1), 1, atol=1e-6)
    width = table[2, 0, 0] - table[1, 0, 0]
    x, s = skewed(100, 5)
    x, s = x.ravel().astype(float), s.ravel()
    share = published_likelihood(table, x, s - 0.5 * width) / width
    found = np.mean(np.log(share + 1e-10))
    own = fitted.log_prob(observation=x, signal=s).mean(dtype=float)
    assert found == pytest.approx(own, abs=0.02)


@pytest.mark.parametrize(
    "change",
    [
        lambda table: table[:2],
        lambda table: table[:, :5],
        lambda table: np.where(table > 0.1, np.nan, table),
        lambda table: table * np.array([0, 1, 1])[:, None, None],
        lambda table: table**2,
        lambda table: table.astype(str),
        lambda table: np.array([{"a": 1}], object),
    ],
)
def test_damaged_published_files(change: Any, tmp_path: Path) -> None:
    np.save(tmp_path / "bad.npy", change(published()))
    with pytest.raises(ValueError, match=r"bad.npy is damaged, or is no histogram"):
        load_noise_model(tmp_path / "bad.npy")


def test_files_cut_short(tmp_path: Path) -> None:
    np.save(tmp_path / "bad.npy", published())
    whole = (tmp_path / "bad.npy").read_bytes()
    for content in (b"", b"hello", whole[:40], whole[:-100]):
        (tmp_path / "bad.npy").write_bytes(content)
        with pytest.raises(ValueError, match="is damaged"):
            load_noise_model(tmp_path / "bad.npy")


def test_only_histograms_go_to_npy(tmp_path: Path) -> None:
    with pytest.raises(
        ValueError, match=r"hold a gaussian: .npy files are for histogr"
    ):
        save_noise_model(GaussianNoiseModel(1, 1, 1, (0, 9)), tmp_path / "a.npy")


def test_comes_back_from_our_file(fitted: HistogramNoiseModel, tmp_path: Path) -> None:
    fitted.valid_range = (-np.inf, 400.0)
    x, s = skewed(20, 2)
    path = save_noise_model(fitted, tmp_path / "own")
    for again in (load_noise_model(path), from_arrays(fitted.as_arrays())):
        assert again.valid_range == fitted.valid_range
        assert again.describe() == fitted.describe()
        np.testing.assert_array_equal(
            again.log_prob(observation=x, signal=s),
            fitted.log_prob(observation=x, signal=s),
        )


def test_beats_every_other_model_on_pixels_it_has_not_seen(
    pairs: JointHistogram, fitted: HistogramNoiseModel
) -> None:
    x, s = skewed(300, 7)
    nll = {
        model.kind: -model.log_prob(observation=x, signal=s).mean(dtype=float)
        for model in (fitted, fit_to_pairs(pairs), fit_to_pairs(pairs, kind="gaussian"))
    }
    assert nll["histogram"] < nll["mixture"] - 0.005 < nll["gaussian"] - 0.1


def test_few_pixels_are_not_learnt_by_heart() -> None:
    model = fit_noise_model(*skewed(10, 3), kind="histogram")
    gaussian = fit_noise_model(*skewed(10, 3), kind="gaussian")
    x, s = skewed(300, 7)
    nll = [
        -m.log_prob(observation=x, signal=s).mean(dtype=float)
        for m in (model, gaussian)
    ]
    assert nll[0] < nll[1]


def test_bins_are_whole_grey_values(fitted: HistogramNoiseModel) -> None:
    edges = fitted.observation_range[0] + fitted.bin_width * np.arange(5)
    assert fitted.bin_width == 1
    np.testing.assert_array_equal(edges % 1, 0.5)


def test_mean_and_variance_are_those_of_the_noise(fitted: HistogramNoiseModel) -> None:
    s = np.array([40.0, 80.0, 120.0])
    # Each row is of some 700 pixels.
    np.testing.assert_allclose(fitted.mean(s), s, atol=1.2)
    np.testing.assert_allclose(fitted.variance(s), 2 * s + 1 / 12, rtol=0.1)


def test_gradient_is_that_of_the_interpolation(fitted: HistogramNoiseModel) -> None:
    rows = fitted.rows
    s = torch.tensor([rows[10] + 0.3 * (rows[11] - rows[10])], requires_grad=True)
    x = torch.tensor([33.0])
    fitted.log_prob(observation=x, signal=s).sum().backward()
    column = int((33.0 - fitted.observation_range[0]) / fitted.bin_width)
    below, above = fitted.density[10:12, column].tolist()
    slope = (above - below) / (rows[11] - rows[10]) / (0.7 * below + 0.3 * above)
    assert s.grad is not None
    assert s.grad.item() == pytest.approx(slope, rel=1e-3)


def test_signals_without_pixels_are_named() -> None:
    x, s = skewed(200, 3)
    kept = (s < 60) | (s > 90)
    with pytest.warns(
        UserWarning, match=r"no pixel has a signal of 6\d\.\d+ to 8\d\.\d+"
    ):
        model = fit_noise_model(x[kept], s[kept], kind="histogram")
    at = np.array([75.0])
    np.testing.assert_allclose(model.mean(at), at, atol=1.5)
    np.testing.assert_allclose(model.variance(at), 2 * at, rtol=0.15)


def test_report_knows_what_is_possible(pairs: JointHistogram) -> None:
    gaussian = report_on_pairs(fit_to_pairs(pairs, kind="gaussian"), pairs)
    assert gaussian.histogram_nll < gaussian.nll - 0.05
    assert "but a histogram does so" in gaussian.sentence
    histogram = report_on_pairs(fit_to_pairs(pairs, kind="histogram"), pairs)
    assert histogram.nll == pytest.approx(histogram.histogram_nll, abs=1e-6)
    assert "but a histogram" not in histogram.sentence


@pytest.mark.parametrize(
    ("density", "message"),
    [
        (np.ones((1, 5)), "two rows at least"),
        (np.ones(5), "two rows at least"),
        (np.full((3, 5), 0.3), "must integrate to 1"),
        (np.full((3, 5), np.nan), "holds NaN"),
        (np.tile([2.0, -1, 0, 0, 0], (3, 1)), "numbers below 0"),
    ],
)
def test_tables_that_are_no_densities(density: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        HistogramNoiseModel(density, (0, 3), (0, 5))
    with pytest.raises(ValueError, match="observation_range of a histogram must be"):
        HistogramNoiseModel(np.full((3, 5), 0.2), (0, 3), (5, 0))


@pytest.mark.parametrize("n_bins", [1, 0, 5000])
def test_numbers_of_bins_that_are_none(n_bins: int) -> None:
    with pytest.raises(ValueError, match=f"n_bins must be 2 to 4096, got {n_bins}"):
        HistogramSettings(n_bins=n_bins)


@pytest.mark.realdata
@pytest.mark.parametrize("field", ["Confocal_MICE", "Confocal_FISH"])
def test_is_the_most_likely_for_a_real_microscope(
    divnoise_data: Path, field: str
) -> None:
    folder = divnoise_data / "fmd"
    signal = io.imread(folder / "gt" / f"{field}.png")
    frames = [io.imread(folder / "raw" / f"{field}_{n}.png") for n in range(1, 5)]
    nll = {}
    for kind in ("histogram", "mixture"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            model = fit_noise_model(np.stack(frames[:3]), signal, kind=kind)
        log_prob = model.log_prob(observation=frames[3], signal=signal)
        nll[kind] = -log_prob.mean(dtype=float)
    assert nll["histogram"] < nll["mixture"] - 0.01


def test_a_signal_beyond_the_rows_is_pulled_back() -> None:
    rng = np.random.default_rng(7)
    truth = rng.uniform(80, 120, 40_000)
    observation = np.rint(rng.normal(truth, 10))
    model = fit_noise_model(observation, truth, kind="histogram", n_bins=8)
    low, high = model.signal_range
    signal = torch.tensor([low - 15, high + 15], requires_grad=True)
    seen = torch.tensor([low, high])
    model.log_prob(observation=seen, signal=signal).sum().backward()
    assert signal.grad is not None
    assert signal.grad[0] > 0 > signal.grad[1]
    dark, first, last, bright = model.mean(np.array([low - 15, low, high, high + 15]))
    assert first - dark == pytest.approx(15, abs=3)
    assert bright - last == pytest.approx(15, abs=3)
