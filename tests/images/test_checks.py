from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from napari_divnoise.images import check_trainable, open_images

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def noisy() -> np.ndarray:
    return np.random.default_rng(0).poisson(60, (4, 64, 64)).astype(np.uint16)


def check(array: np.ndarray) -> list[str]:
    return check_trainable(open_images(array))


def test_an_ordinary_stack_passes_without_a_word(noisy: np.ndarray) -> None:
    assert check(noisy) == []


@pytest.mark.parametrize("offset_and_range", [(-500.0, 300.0), (0.0, 1.0), (0.0, 1e-6)])
def test_negative_and_small_floats_are_fine(
    offset_and_range: tuple[float, float],
) -> None:
    offset, spread = offset_and_range
    image = offset + spread * np.random.default_rng(0).random((64, 64))
    assert image.dtype == np.float64
    assert check(image) == []


@pytest.mark.parametrize("shape", [(31, 64), (64, 31), (5, 24, 24)])
def test_too_small(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="at least 32x32"):
        check(np.random.default_rng(0).random(shape))


def test_the_smallest_size_passes() -> None:
    assert check(np.random.default_rng(0).random((32, 32))) == []


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_nan_and_infinity(noisy: np.ndarray, bad: float) -> None:
    images = noisy.astype(np.float32)
    images[2, 10, 10] = bad
    with pytest.raises(ValueError, match="1 of 16384 pixels are NaN or infinite"):
        check(images)
    with pytest.raises(ValueError, match="NaN or infinite"):
        check(np.full((64, 64), bad))


@pytest.mark.parametrize("value", [7, -3.5])
def test_constant(value: float) -> None:
    with pytest.raises(ValueError, match=f"all pixels are {value:g}: a constant"):
        check(np.full((64, 64), value))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_all_zero(dtype: type) -> None:
    with pytest.raises(ValueError, match="all pixels are 0"):
        check(np.zeros((64, 64), dtype))


@pytest.mark.parametrize(
    ("dtype", "top"), [(np.uint8, 255), (np.uint16, 4095), (np.float32, 1.0)]
)
def test_saturated_throughout(dtype: type, top: float) -> None:
    image: np.ndarray = np.full((64, 64), top, dtype)
    with pytest.raises(ValueError, match="100 % of the pixels are saturated"):
        check(image)
    image[0, :10] = 0
    with pytest.raises(ValueError, match="saturated"):
        check(image)


def test_some_saturation_is_a_warning_with_its_share(noisy: np.ndarray) -> None:
    noisy[:, :16] = 4095
    (sentence,) = check(noisy)
    assert sentence.startswith("25 % of the pixels are saturated (at 4095)")


def test_a_few_hot_pixels_are_no_saturation(noisy: np.ndarray) -> None:
    noisy[0, 0, :5] = 65535
    assert check(noisy) == []


def test_five_grey_levels_are_a_warning() -> None:
    image = np.random.default_rng(0).integers(0, 5, (64, 64)).astype(np.uint8)
    (sentence,) = check(image)
    assert "only 5 grey levels" in sentence


def test_rare_grey_levels_count_too() -> None:
    image = np.zeros((400, 400), np.uint16)
    image.ravel()[1 : 1 + 20] = np.arange(20)
    assert check(image) == []


def test_every_channel_is_looked_at(noisy: np.ndarray) -> None:
    images = np.stack([noisy, noisy], axis=1).astype(float)
    images[3, 1, 5, 5] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        check_trainable(open_images(images, axes="NCYX"))


@pytest.mark.realdata
@pytest.mark.parametrize("folder", ["fmd/raw", "livecells/images", "convallaria"])
def test_real_images_are_trainable(divnoise_data: Path, folder: str) -> None:
    stack = open_images(divnoise_data / folder)
    assert check_trainable(stack) == []
