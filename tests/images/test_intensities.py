from __future__ import annotations

from typing import TYPE_CHECKING

import dask.array as da
import numpy as np
import pytest

from napari_divnoise.images import (
    Normalization,
    estimate_normalization,
    intensity_range,
    open_images,
    sample_pixels,
    saturation_value,
)

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def camera_image() -> np.ndarray:
    rng = np.random.default_rng(0)
    return rng.poisson(200, (64, 64)).astype(np.uint16) + 100


def test_it_is_the_mean_and_std_of_an_ordinary_image(camera_image: np.ndarray) -> None:
    normalization = estimate_normalization(camera_image)
    assert normalization.mean == pytest.approx(camera_image.mean(), rel=1e-3)
    assert normalization.std == pytest.approx(camera_image.std(), rel=2e-2)


@pytest.mark.parametrize("size", [32, 64, 256])
def test_a_hot_or_dead_pixel_does_not_change_it(size: int) -> None:
    image = np.random.default_rng(1).poisson(200, (size, size)).astype(np.uint16)
    before = estimate_normalization(image)
    image[3, 5], image[8, 9] = 65535, 0
    after = estimate_normalization(image)
    assert after.mean == pytest.approx(before.mean, rel=2e-3)
    assert after.std == pytest.approx(before.std, rel=2e-2)


@pytest.mark.parametrize(
    "dtype", [np.uint8, np.int16, np.uint16, np.int32, np.uint32, np.float16, float]
)
def test_any_dtype_goes_there_and_back(dtype: type) -> None:
    x: np.ndarray = np.arange(0, 200, dtype=dtype).reshape(10, 20)
    kept = x.copy()
    normalization = Normalization(mean=90.0, std=13.0)
    normalized = normalization.normalize(x)
    assert normalized.dtype == np.float32
    np.testing.assert_allclose(
        normalized, (np.arange(200.0).reshape(10, 20) - 90) / 13, rtol=1e-5, atol=1e-6
    )
    np.testing.assert_allclose(normalization.denormalize(normalized), x, atol=1e-4)
    np.testing.assert_array_equal(x, kept)


def test_a_large_offset_costs_no_digits() -> None:
    x = np.array([100_000_001, 100_000_003], np.int64)
    normalized = Normalization(mean=1e8, std=1.0).normalize(x)
    np.testing.assert_array_equal(normalized, [1, 3])


def test_tensors_and_lazy_arrays_stay_what_they_are() -> None:
    import torch

    x = np.arange(12, dtype=np.uint8).reshape(3, 4)
    normalization = Normalization(mean=5.0, std=2.0)
    expected = normalization.normalize(x)
    tensor = normalization.normalize(torch.from_numpy(x))
    assert tensor.dtype == torch.float32
    np.testing.assert_allclose(tensor.numpy(), expected)
    lazy = normalization.normalize(da.from_array(x))
    assert isinstance(lazy, da.Array)
    assert lazy.dtype == np.float32
    np.testing.assert_allclose(lazy.compute(), expected)


def test_it_survives_being_written_down() -> None:
    normalization = Normalization(mean=1.25, std=3.5)
    assert Normalization.from_dict(normalization.as_dict()) == normalization
    with pytest.raises(ValueError, match="needs the numbers mean and std"):
        Normalization.from_dict({"mean": 1.0})


@pytest.mark.parametrize(("mean", "std"), [(0, 0), (0, -1), (np.nan, 1), (0, np.inf)])
def test_a_map_without_an_inverse_is_refused(mean: float, std: float) -> None:
    with pytest.raises(ValueError, match="std above 0"):
        Normalization(mean=mean, std=std)


@pytest.mark.parametrize("value", [0, 7, 0.1, 1e-3, 1e9])
def test_constant_images_have_no_scale(value: float) -> None:
    with pytest.raises(ValueError, match="constant"):
        estimate_normalization(np.full((64, 64), value))


def test_not_finite_pixels_are_counted(camera_image: np.ndarray) -> None:
    image = camera_image.astype(np.float32)
    image[0, :3] = np.nan, np.inf, -np.inf
    with pytest.raises(ValueError, match="3 of 4096 pixels are NaN or infinite"):
        estimate_normalization(image)
    assert intensity_range(image) == (camera_image[1:].min(), camera_image[1:].max())


def test_a_large_stack_is_sampled_and_the_same_seed_samples_the_same() -> None:
    rng = np.random.default_rng(2)
    levels = rng.uniform(100, 1000, 40).astype(np.float32)
    stack = np.broadcast_to(levels[:, None, None], (40, 512, 512)) + np.tile(
        rng.normal(0, 20, (512, 512)).astype(np.float32), (40, 1, 1)
    )
    first = estimate_normalization(stack, seed=3)
    assert first == estimate_normalization(stack, seed=3)
    assert first != estimate_normalization(stack, seed=4)
    assert first.mean == pytest.approx(stack.mean(), rel=0.03)
    assert first.std == pytest.approx(stack.std(), rel=0.03)


def test_a_sample_reads_little_of_a_stack_that_does_not_fit_in_memory() -> None:
    n_read = []

    def read(block_id: tuple[int, ...]) -> np.ndarray:
        n_read.append(block_id)
        return np.random.default_rng(block_id[0]).random((1, 1, 1024, 1024), np.float32)

    stack = da.map_blocks(
        read,
        chunks=((1,) * 100_000, (1,), (1024,), (1024,)),
        dtype=np.float32,
        meta=np.empty((0,) * 4, np.float32),
    )
    pixels = np.concatenate(list(sample_pixels(stack)))
    assert pixels.size <= 1 << 22
    assert len(n_read) <= 64
    assert len({block[0] for block in n_read}) >= 30
    assert pixels.mean() == pytest.approx(0.5, abs=0.01)


def test_many_small_images_give_many_pixels() -> None:
    stack = np.zeros((3000, 64, 64), np.uint8)
    assert sum(pixels.size for pixels in sample_pixels(stack)) > 1 << 21


def test_one_huge_plane_is_sampled_in_many_places() -> None:
    plane = np.broadcast_to(np.arange(20_000, dtype=np.float32), (20_000, 20_000))
    normalization = estimate_normalization(plane)
    assert normalization.mean == pytest.approx(10_000, rel=0.2)


@pytest.mark.parametrize(
    ("dtype", "maximum", "expected"),
    [
        (np.uint8, 200, 255),
        (np.uint16, 4095, 4095),
        (np.uint16, 4000, 65535),
        (np.float32, 65535, 65535),
        (np.float64, 1.0, 1.0),
        (np.float32, 0.7, None),
    ],
)
def test_the_end_of_the_cameras_scale(
    dtype: type, maximum: float, expected: float | None
) -> None:
    assert saturation_value(np.dtype(dtype), maximum) == expected


def test_no_pixels_are_no_images() -> None:
    with pytest.raises(ValueError, match=r"got shape \(0, 8, 8\)"):
        estimate_normalization(np.empty((0, 8, 8)))


@pytest.mark.realdata
def test_a_real_frame_with_a_hot_pixel_more(divnoise_data: Path) -> None:
    frame = open_images(divnoise_data / "convallaria/noisy_1024_uint16.tif").plane(0)
    before = estimate_normalization(frame)
    spoiled = frame.copy()
    spoiled[500, 500] = 65535
    after = estimate_normalization(spoiled)
    assert after.mean == pytest.approx(before.mean, rel=1e-4)
    assert after.std == pytest.approx(before.std, rel=1e-4)
