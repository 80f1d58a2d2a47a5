"""Samples are what their numbers say, and summaries are those of the samples."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from napari_divnoise.runs import posterior as module

if TYPE_CHECKING:
    from napari_divnoise import Model, Posterior


@pytest.fixture
def posterior(model: Model, images: np.ndarray[Any, Any]) -> Posterior:
    return model.posterior(images[0], seed=3, device="cpu", precision="float32")


@pytest.fixture
def stack(model: Model, images: np.ndarray[Any, Any]) -> Posterior:
    return model.posterior(images, seed=3, device="cpu", precision="float32")


def test_a_sample_is_the_same_alone_and_among_others(posterior: Posterior) -> None:
    samples = posterior.samples(8)
    assert samples.shape == (8, 64, 64)
    assert samples.dtype == np.float32
    np.testing.assert_allclose(posterior.sample(5), samples[5], atol=1e-3)
    np.testing.assert_allclose(posterior.samples([5, 2]), samples[[5, 2]], atol=1e-3)
    assert np.abs(samples[0] - samples[1]).max() > 1e-2


def test_a_region_is_cut_from_the_same_sample(posterior: Posterior) -> None:
    region = (slice(8, 40), slice(20, 50))
    cut = posterior.samples([1], region=region)[0]
    np.testing.assert_allclose(cut, posterior.sample(1)[region], atol=1e-3)


def test_another_seed_gives_other_samples(
    model: Model, posterior: Posterior, images: np.ndarray[Any, Any]
) -> None:
    other = model.posterior(images[0], seed=4, device="cpu", precision="float32")
    assert np.abs(other.sample(0) - posterior.sample(0)).max() > 1e-2


def test_the_summary_is_that_of_the_samples(posterior: Posterior) -> None:
    samples = posterior.samples(21)
    summary = posterior.summarise(21, quantiles=(0.05, 0.5, 0.95))
    assert summary.n_samples == 21
    assert summary.exact_quantiles
    np.testing.assert_allclose(summary.mmse, samples.mean(0), rtol=1e-5)
    np.testing.assert_allclose(summary.std, samples.std(0, ddof=1), atol=1e-3)
    assert summary.quantiles is not None
    for level, values in summary.quantiles.items():
        np.testing.assert_allclose(values, np.quantile(samples, level, 0), atol=1e-3)


def test_quantiles_in_small_tiles_are_those_of_the_whole(
    posterior: Posterior, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = posterior.summarise(6, quantiles=(0.25,)).quantiles
    monkeypatch.setattr(module, "_tile_edge", lambda n_samples: 32)
    tiled = posterior.summarise(6, quantiles=(0.25,)).quantiles
    assert whole is not None
    assert tiled is not None
    np.testing.assert_allclose(tiled[0.25], whole[0.25], atol=2e-3)


def test_the_tile_of_exact_quantiles_shrinks_as_samples_grow() -> None:
    for n_samples in (10, 100, 1000, 10_000):
        edge = module._tile_edge(n_samples)
        assert edge % 32 == 0
        assert edge == 64 or 4 * n_samples * edge**2 <= module.TILE_BYTES


def test_a_growing_summary_ends_where_the_whole_one_is(posterior: Posterior) -> None:
    growing = list(posterior.summarising(30, quantiles=(0.5,)))
    counts = [summary.n_samples for summary in growing]
    assert counts == [4, 8, 16, 30]
    whole = posterior.summarise(30, quantiles=(0.5,))
    np.testing.assert_allclose(growing[-1].mmse, whole.mmse, rtol=1e-5)
    np.testing.assert_allclose(growing[-1].std, whole.std, atol=1e-3)
    errors = [np.abs(summary.mmse - whole.mmse).mean() for summary in growing]
    assert errors == sorted(errors, reverse=True)


def test_an_earlier_summary_does_not_change_later(posterior: Posterior) -> None:
    growing = posterior.summarising(12, batch=4)
    first = next(growing)
    kept = first.mmse.copy()
    list(growing)
    np.testing.assert_array_equal(first.mmse, kept)


def test_the_work_can_be_followed(posterior: Posterior) -> None:
    shares = list(posterior.summing_up(10, quantiles=(0.5,)))
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


def test_an_image_of_a_stack_is_that_of_the_stack(stack: Posterior) -> None:
    assert stack.shape == (2, 64, 64)
    both = stack.samples([2])[0]
    single = stack.plane(1)
    assert single.shape == (64, 64)
    np.testing.assert_allclose(single.sample(2), both[1], atol=1e-3)
    whole, part = stack.summarise(5), single.summarise(5)
    np.testing.assert_allclose(part.mmse, whole.mmse[1], rtol=1e-5)
    growing = [summary.mmse for summary in stack.summarising(5)]
    np.testing.assert_allclose(growing[-1], whole.mmse, rtol=1e-5)


def test_what_cannot_be_drawn_is_named(posterior: Posterior, stack: Posterior) -> None:
    for call in (posterior.samples, posterior.summarise, posterior.stack):
        with pytest.raises(ValueError, match="at least 1, got 0"):
            call(0)
    with pytest.raises(ValueError, match="numbered from 0"):
        posterior.sample(-1)
    with pytest.raises(ValueError, match="no image 2"):
        stack.plane(2)
    with pytest.raises(ValueError, match="greater than 0 and less than 1"):
        posterior.summarise(3, quantiles=(5,))


def test_the_stack_is_lazy_and_gives_the_samples(posterior: Posterior) -> None:
    stack = posterior.stack(1_000_000)
    assert tuple(stack.shape) == (1_000_000, 64, 64)
    assert np.dtype(stack.dtype) == np.float32
    np.testing.assert_allclose(np.asarray(stack[7]), posterior.sample(7), atol=1e-3)
