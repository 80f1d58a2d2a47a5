from __future__ import annotations

from itertools import permutations

import dask.array as da
import numpy as np
import pytest

from napari_divnoise.images import from_ncyx, parse_axes, rows_sentence, to_ncyx

SIZES = {"N": 2, "T": 3, "Z": 4, "C": 5, "Y": 6, "X": 7}


def coordinates(axes: str) -> np.ndarray:
    """An array whose value at a place names the place: digits in the order NTZCYX."""
    grid = np.indices([SIZES[letter] for letter in axes])
    powers = {letter: 10**k for k, letter in enumerate("XYCZTN")}
    places = [powers[letter] for letter in axes]
    return np.asarray(np.tensordot(places, grid, 1))


@pytest.mark.parametrize("axes", ["".join(p) for p in permutations("TCYX")])
def test_every_pixel_finds_its_place_from_any_order(axes: str) -> None:
    array = coordinates(axes)
    stack = to_ncyx(array, axes)
    assert stack.shape == (3, 5, 6, 7)
    for n, c, y, x in [(0, 0, 0, 0), (2, 4, 5, 6), (1, 3, 2, 4)]:
        assert stack[n, c, y, x] == n * 10_000 + c * 100 + y * 10 + x


@pytest.mark.parametrize("axes", ["YX", "XY", "CYX", "YXC", "TZYX", "NTZCYX", "XCTYZ"])
def test_the_way_back_restores_the_array(axes: str) -> None:
    array = coordinates(axes)
    stack = to_ncyx(array, axes)
    np.testing.assert_array_equal(from_ncyx(stack, axes, array.shape), array)


def test_time_and_planes_count_images_in_the_arrays_order() -> None:
    stack = to_ncyx(coordinates("TZYX"), "TZYX")
    assert stack.shape == (12, 1, 6, 7)
    assert stack[5, 0, 0, 0] == 1 * 10_000 + 1 * 1000  # t = 5 // 4, z = 5 % 4


def test_a_picked_channel_leaves_no_axis_behind() -> None:
    array = coordinates("TCYX")
    picked = to_ncyx(array, "TCYX")[:, 2:3]
    np.testing.assert_array_equal(from_ncyx(picked, "TCYX", array.shape), array[:, 2])


def test_a_channel_axis_of_one_stays() -> None:
    array = coordinates("TCYX")[:, :1]
    stack = to_ncyx(array, "TCYX")
    assert from_ncyx(stack, "TCYX", array.shape).shape == array.shape


def test_numpy_gives_a_view_and_dask_stays_lazy() -> None:
    array = coordinates("TZCYX")
    assert np.shares_memory(to_ncyx(array, "TZCYX"), array)
    lazy = to_ncyx(da.from_array(array, (1, 1, 1, 6, 7)), "TCZYX")
    assert isinstance(lazy, da.Array)
    assert lazy.chunks[2:] == ((6,), (7,))
    np.testing.assert_array_equal(lazy.compute(), to_ncyx(array, "TCZYX"))


@pytest.mark.parametrize(
    ("axes", "ndim", "words"),
    [
        ("YX", 3, "2 letters, the array has 3"),
        ("TYQ", 3, "unknown letter Q"),
        ("TTYX", 4, "T more than once"),
        ("TZC", 3, "lacks Y and X"),
        ("TZY", 3, "lacks X"),
        ("", 2, "lacks Y and X"),
    ],
)
def test_wrong_axes_say_what_is_wrong_and_give_an_example(
    axes: str, ndim: int, words: str
) -> None:
    with pytest.raises(ValueError, match=words) as caught:
        parse_axes(axes, ndim)
    example = str(caught.value).rsplit("'", 2)[1]
    assert parse_axes(example, ndim) == example


def test_small_letters_will_do() -> None:
    assert parse_axes(" tyx", 3) == "TYX"


def test_the_way_back_refuses_what_does_not_fit() -> None:
    with pytest.raises(ValueError, match=r"must be \(3, 5 or 1, Y, X\)"):
        from_ncyx(np.zeros((4, 5, 6, 7)), "TCYX", (3, 5, 6, 7))
    with pytest.raises(ValueError, match=r"must be \(3, 5 or 1, Y, X\)"):
        from_ncyx(np.zeros((3, 2, 6, 7)), "TCYX", (3, 5, 6, 7))


@pytest.mark.parametrize(
    ("axes", "shape", "sentence"),
    [
        (
            "TCYX",
            (40, 1, 1024, 1024),
            "40 time points x 1 channel: 40 images of 1024x1024",
        ),
        ("YX", (471, 1690), "1 image of 471x1690"),
        ("NYX", (12, 64, 32), "12 images of 64x32"),
        ("TZYX", (3, 5, 64, 32), "3 time points x 5 planes: 15 images of 64x32"),
        ("YXC", (64, 32, 3), "3 channels: 1 image of 64x32"),
    ],
)
def test_the_sentence_counts_what_will_be_denoised(
    axes: str, shape: tuple[int, ...], sentence: str
) -> None:
    assert rows_sentence(axes, shape) == sentence
