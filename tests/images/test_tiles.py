from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import uniform_filter

from napari_divnoise.images import map_tiles, pad_to_multiple, tile_grid


@pytest.mark.parametrize(
    "shape", [(64, 64), (100, 37), (5, 200), (33, 65), (9, 40, 70)]
)
@pytest.mark.parametrize(("size", "halo"), [(32, 4), (16, 0), (24, 11), (500, 8)])
def test_every_pixel_lies_in_exactly_one_core(
    shape: tuple[int, ...], size: int, halo: int
) -> None:
    times_covered = np.zeros(shape, int)
    for tile in tile_grid(shape, size=size, halo=halo):
        times_covered[tile.core] += 1
        for core, window, length in zip(tile.core, tile.window, shape, strict=True):
            assert core.start - window.start >= min(halo, window.start)
            assert window.stop - core.stop >= min(halo, length - window.stop)
            assert window.stop - window.start == min(size, length)
    np.testing.assert_array_equal(times_covered, 1)


@pytest.mark.parametrize("shape", [(128, 96), (101, 77)])
def test_a_filter_no_wider_than_the_halo_leaves_no_seam(shape: tuple[int, int]) -> None:
    image = np.random.default_rng(0).normal(size=shape)

    def smooth(window: np.ndarray) -> np.ndarray:
        return np.asarray(uniform_filter(window, 9))

    whole = smooth(image)
    tiled = map_tiles(smooth, image, size=40, halo=4)
    np.testing.assert_allclose(tiled, whole, atol=1e-12)
    too_narrow = map_tiles(smooth, image, size=40, halo=3)
    assert np.abs(too_narrow - whole).max() > 1e-3


def test_windows_start_on_the_networks_grid() -> None:
    for tile in tile_grid((96, 200), size=48, halo=8):
        assert all(window.start % 8 == 0 for window in tile.window)


def test_an_integer_image_does_not_round_a_float_result() -> None:
    image = np.full((50, 50), 3, np.uint16)
    result = map_tiles(lambda window: window / 2, image, size=20, halo=2)
    np.testing.assert_array_equal(result, 1.5)


def test_a_halo_that_leaves_no_core() -> None:
    with pytest.raises(ValueError, match=r"greater than 2 \* halo = 32"):
        list(tile_grid((64, 64), size=32, halo=16))
    with pytest.raises(ValueError, match="got -1"):
        list(tile_grid((64, 64), size=32, halo=-1))


@pytest.mark.parametrize("shape", [(101, 99), (1, 1), (3, 50), (2, 7, 5), (64, 65)])
@pytest.mark.parametrize("multiple", [1, 4, 8, 32])
def test_padding_comes_off_again(shape: tuple[int, ...], multiple: int) -> None:
    image = np.random.default_rng(0).random(shape)
    padded, crop = pad_to_multiple(image, multiple)
    assert all(0 <= p - s < multiple for p, s in zip(padded.shape, shape, strict=True))
    assert padded.shape[-1] % multiple == padded.shape[-2] % multiple == 0
    np.testing.assert_array_equal(padded[(..., *crop)], image)


def test_padding_mirrors_the_image_about_its_last_row_and_column() -> None:
    image = np.arange(12.0).reshape(3, 4)
    padded, _ = pad_to_multiple(image, 5)
    np.testing.assert_array_equal(padded[:3, 4], image[:, 2])
    np.testing.assert_array_equal(padded[3, :4], image[1])


def test_nothing_to_pad_is_no_copy() -> None:
    image = np.zeros((32, 64))
    assert pad_to_multiple(image, 8)[0] is image


@pytest.mark.parametrize(("shape", "multiple"), [((4, 4), 0), ((0, 4), 4), ((4,), 4)])
def test_padding_refuses_what_it_cannot_do(
    shape: tuple[int, ...], multiple: int
) -> None:
    with pytest.raises(ValueError, match="got"):
        pad_to_multiple(np.zeros(shape), multiple)
