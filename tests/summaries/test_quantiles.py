from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from scipy import stats

from napari_divnoise.summaries import QuantileTile, StreamingQuantiles

if TYPE_CHECKING:
    from collections.abc import Callable

LEVELS = (0.05, 0.5, 0.95)


def test_a_tile_gives_what_numpy_gives() -> None:
    samples = np.random.default_rng(0).normal(500, 20, (41, 5, 6)).astype(np.float32)
    tile = QuantileTile(60, (5, 6), (0.95, 0.05, 0.333))
    tile.update(samples[:30])
    halfway = tile.quantiles()
    tile.update(torch.from_numpy(samples[30:]))
    for found, known in ((halfway, samples[:30]), (tile.quantiles(), samples)):
        assert list(found) == [0.95, 0.05, 0.333]
        for level, image in found.items():
            expected = np.quantile(known.astype(np.float64), level, axis=0)
            np.testing.assert_allclose(image, expected, rtol=1e-6)


def test_reading_a_tile_gives_pictures_that_later_samples_leave_alone() -> None:
    tile = QuantileTile(2, (3,), (0.5,))
    tile.update(np.full((1, 3), 4.0))
    early = tile.quantiles()[0.5]
    tile.update(np.full((1, 3), 8.0))
    assert (early == 4).all()
    assert (tile.quantiles()[0.5] == 6).all()


def test_a_full_tile_says_so() -> None:
    tile = QuantileTile(3, (2,), (0.5,))
    with pytest.raises(ValueError, match="4 samples do not fit into a tile made for 3"):
        tile.update(np.zeros((4, 2)))


def _bimodal(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    dark = rng.random(shape) < 0.3
    return np.where(dark, rng.normal(0, 0.3, shape), rng.normal(3, 0.5, shape))


def _bimodal_rank(x: np.ndarray) -> np.ndarray:
    return 0.3 * stats.norm.cdf(x, 0, 0.3) + 0.7 * stats.norm.cdf(x, 3, 0.5)


@pytest.mark.parametrize(
    ("draw", "rank"),
    [
        (lambda rng, shape: rng.normal(9, 2, shape), lambda x: stats.norm.cdf(x, 9, 2)),
        (lambda rng, shape: rng.gamma(2.0, 1.0, shape), stats.gamma(2).cdf),
        (lambda rng, shape: rng.standard_t(3, shape), stats.t(3).cdf),
        (_bimodal, _bimodal_rank),
    ],
    ids=["normal", "skewed", "long tails", "bimodal"],
)
def test_streaming_ranks_are_as_good_as_documented(
    draw: Callable[..., np.ndarray], rank: Callable[[np.ndarray], np.ndarray]
) -> None:
    samples = draw(np.random.default_rng(1), (1000, 4000)).astype(np.float32)
    stream = StreamingQuantiles((4000,), LEVELS)
    for batch in np.split(samples, [5, 40, *range(56, 1000, 16)]):
        stream.update(batch)
    for level, image in stream.quantiles().items():
        error = np.sqrt(np.mean((rank(image) - level) ** 2))
        exact = np.quantile(samples, level, axis=0)
        exact_error = np.sqrt(np.mean((rank(exact) - level) ** 2))
        assert error < 1.16 * exact_error
        assert error < (0.017 if level == 0.5 else 0.0085)


def test_streaming_is_exact_for_the_first_samples() -> None:
    samples = np.random.default_rng(2).normal(size=(32, 3, 4)).astype(np.float32)
    stream = StreamingQuantiles((3, 4), LEVELS, n_exact=32)
    stream.update(samples)
    assert stream.exact
    assert stream.count == 32
    for level, image in stream.quantiles().items():
        expected = np.quantile(samples, level, axis=0)
        np.testing.assert_allclose(image, expected, rtol=1e-5, atol=1e-6)
    stream.update(samples[:1])
    assert not stream.exact
    assert stream.count == 33


def test_a_steady_pixel_stays_where_it_is() -> None:
    stream = StreamingQuantiles((2,), LEVELS, n_exact=4)
    for _ in range(20):
        stream.update(np.tile(np.array([0.0, 1000.0]), (8, 1)))
    for image in stream.quantiles().values():
        np.testing.assert_allclose(image, [0, 1000], rtol=1e-4, atol=1e-9)


def test_a_higher_level_is_never_below_a_lower_one() -> None:
    levels = (0.6, 0.45, 0.5, 0.55)
    stream = StreamingQuantiles((3000,), levels, n_exact=4)
    for batch in np.random.default_rng(3).normal(size=(40, 2, 3000)):
        stream.update(batch)
    found = stream.quantiles()
    assert tuple(found) == levels
    ordered = np.stack([found[level] for level in sorted(levels)])
    assert (np.diff(ordered, axis=0) >= 0).all()


def test_memory_does_not_grow_with_the_samples() -> None:
    stream = StreamingQuantiles((50,), (0.1,), n_exact=8)
    for batch in np.random.default_rng(4).normal(size=(100, 8, 50)):
        stream.update(batch)
    assert stream._first is None
    assert stream._tracks[0].value.shape == (50,)


@pytest.mark.parametrize("kind", [QuantileTile, StreamingQuantiles])
@pytest.mark.parametrize(
    ("levels", "message"),
    [
        ((0.0, 0.5), "0.0 is no quantile's level"),
        ((5.0,), "0.05 stands for 5 %"),
        ((float("nan"),), "nan is no quantile's level"),
        ((), "at least one level"),
        ((0.5, 0.5), "give each one once"),
    ],
)
def test_levels_out_of_range_are_refused(
    kind: type, levels: tuple[float, ...], message: str
) -> None:
    arguments = ((2,), levels) if kind is StreamingQuantiles else (9, (2,), levels)
    with pytest.raises(ValueError, match=message):
        kind(*arguments)


def test_no_samples_have_no_quantiles() -> None:
    with pytest.raises(ValueError, match="0 samples have no quantiles"):
        StreamingQuantiles((2,), (0.5,)).quantiles()
    with pytest.raises(ValueError, match="n_samples is 0"):
        QuantileTile(0, (2,), (0.5,))
    with pytest.raises(ValueError, match="n_exact is 1"):
        StreamingQuantiles((2,), (0.5,), n_exact=1)
