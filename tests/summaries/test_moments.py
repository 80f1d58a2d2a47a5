from __future__ import annotations

import numpy as np
import pytest
import torch

from napari_divnoise.summaries import RunningMoments
from napari_divnoise.summaries import moments as module


def _samples(n: int = 37, shape: tuple[int, ...] = (6, 7)) -> np.ndarray:
    rng = np.random.default_rng(0)
    return rng.gamma(2.0, 30.0, (n, *shape)).astype(np.float32)


@pytest.mark.parametrize("batches", [[37], [1] * 37, [1, 20, 16], [5, 0, 32]])
@pytest.mark.parametrize("kind", ["numpy", "torch", "bfloat16 to float32"])
def test_equal_to_numpy_however_the_samples_arrive(
    batches: list[int], kind: str
) -> None:
    samples = _samples()
    if kind.startswith("bfloat16"):
        samples = torch.from_numpy(samples).bfloat16().float().numpy()
    moments = RunningMoments((6, 7))
    start = 0
    for n in batches:
        batch = samples[start : start + n]
        if kind == "torch":
            moments.update(torch.from_numpy(batch))
        elif kind == "numpy":
            moments.update(batch)
        else:
            moments.update(torch.from_numpy(batch).bfloat16())
        start += n
    exact = samples.astype(np.float64)
    assert moments.count == 37
    np.testing.assert_allclose(moments.mean, exact.mean(0), rtol=1e-6)
    np.testing.assert_allclose(moments.variance, exact.var(0, ddof=1), rtol=1e-5)
    np.testing.assert_allclose(moments.std, exact.std(0, ddof=1), rtol=1e-5)
    assert moments.mean.dtype == moments.std.dtype == np.float32


def test_an_offset_costs_no_digits() -> None:
    # Steps of 1/256 are exact in float32 beside 30 000, so nothing but the sums errs.
    rng = np.random.default_rng(1)
    samples = 30_000 + rng.integers(-512, 512, (500, 64)) / 256
    moments = RunningMoments((64,))
    for batch in np.split(samples.astype(np.float32), 50):
        moments.update(batch)
    np.testing.assert_allclose(moments.variance, samples.var(0, ddof=1), rtol=1e-5)
    np.testing.assert_allclose(moments.mean, samples.mean(0), rtol=1e-7)


def test_a_bad_first_batch_does_no_lasting_harm() -> None:
    rng = np.random.default_rng(2)
    samples = np.concatenate([np.zeros((1, 9)), 1e4 + rng.normal(0, 5, (800, 9))])
    moments = RunningMoments((9,))
    moments.update(samples[:1])
    moments.update(samples[1:])
    np.testing.assert_allclose(moments.variance, samples.var(0, ddof=1), rtol=1e-4)


def test_a_steady_pixel_has_no_spread_at_all() -> None:
    moments = RunningMoments((2, 2))
    for _ in range(10):
        moments.update(np.full((8, 2, 2), 1234.567, np.float32))
    assert (moments.std == 0).all()
    assert (moments.mean == np.float32(1234.567)).all()


def test_images_larger_than_a_block(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BLOCK", 10)
    samples = _samples()
    moments = RunningMoments((6, 7))
    moments.update(samples[:9])
    moments.update(samples[9:])
    np.testing.assert_allclose(moments.mean, samples.mean(0), rtol=1e-6)
    np.testing.assert_allclose(moments.std, samples.std(0, ddof=1), rtol=1e-5)


def test_samples_are_not_changed_and_integers_are_welcome() -> None:
    samples = np.random.default_rng(3).integers(0, 65536, (20, 3, 5)).astype(np.uint16)
    kept = samples.copy()
    moments = RunningMoments((3, 5))
    moments.update(samples)
    np.testing.assert_array_equal(samples, kept)
    np.testing.assert_allclose(moments.mean, samples.mean(0), rtol=1e-6)


def test_inference_tensors_may_be_mixed_with_others() -> None:
    samples = torch.from_numpy(_samples())
    moments = RunningMoments((6, 7))
    with torch.inference_mode():
        moments.update(samples[:4] * 1)
    moments.update(samples[4:])
    np.testing.assert_allclose(moments.mean, samples.mean(0), rtol=1e-6)


def test_one_sample_has_a_mean_but_no_spread() -> None:
    moments = RunningMoments((2,))
    moments.update(np.ones((1, 2)))
    assert (moments.mean == 1).all()
    assert np.isnan(moments.std).all()


def test_no_samples_have_no_moments() -> None:
    moments = RunningMoments((2,))
    with pytest.raises(ValueError, match="0 samples have no moments"):
        _ = moments.mean


@pytest.mark.parametrize("shape", [(5, 4), (3, 4, 5), (3, 1, 4)])
def test_samples_of_another_shape_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"expected \(S, 3, 4\)"):
        RunningMoments((3, 4)).update(np.zeros((*shape[:-1], shape[-1] + 1)))


@pytest.mark.gpu
def test_a_gpus_samples_are_summed_up_there() -> None:
    samples = _samples(64, (40, 50))
    moments = RunningMoments((40, 50))
    for batch in np.split(samples, 4):
        moments.update(torch.from_numpy(batch).cuda())
    assert moments._blocks[0].mean.is_cuda
    np.testing.assert_allclose(moments.mean, samples.mean(0), rtol=1e-5)
    np.testing.assert_allclose(moments.std, samples.std(0, ddof=1), rtol=1e-4)
