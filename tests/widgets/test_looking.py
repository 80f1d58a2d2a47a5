"""Bad images are refused with a sentence before anything is trained on them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile

from napari_divnoise.widgets._looking import Seen, Wanted, cut_region, look

if TYPE_CHECKING:
    from pathlib import Path


def see(wanted: Wanted) -> Seen:
    looking = look(wanted)
    while True:
        try:
            next(looking)
        except StopIteration as end:
            return end.value


def with_nan(pixels: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    result = pixels.astype(np.float32)
    result[3, 4] = np.nan
    return result


BAD = {
    "nan": (with_nan, "NaN"),
    "infinite": (lambda x: np.where(x > 200, np.inf, x).astype(np.float32), "inf"),
    "constant": (lambda x: np.full_like(x, 7), "constant|same value|only the value"),
    "all zero": (np.zeros_like, "all pixels are 0"),
    "saturated": (lambda x: np.full_like(x, 65535), "saturated|constant|same|only"),
    "small": (lambda x: x[:24, :24], "24"),
    "1-D": (lambda x: x[0], "dimension"),
    "complex": (lambda x: x.astype(complex), "complex"),
    "empty": (lambda x: x[:0], "empty|no pixels|size 0|0x"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_images_are_refused_in_words(
    case: str, noisy: np.ndarray[Any, Any]
) -> None:
    spoil, words = BAD[case]
    bright = noisy.copy()
    bright[0, 0] = 250
    with pytest.raises((ValueError, TypeError), match=f"(?i){words}"):
        see(Wanted(arrays=(spoil(bright),)))


def test_images_of_different_sizes_are_refused(noisy: np.ndarray[Any, Any]) -> None:
    with pytest.raises(ValueError, match=r"64.*60|60.*64|size"):
        see(Wanted(arrays=(noisy, noisy[:60]), axes="YX"))


def test_a_wrong_choice_of_axes_is_refused(noisy: np.ndarray[Any, Any]) -> None:
    film = np.stack([noisy] * 5)
    with pytest.raises(ValueError, match="5"):
        see(Wanted(arrays=(film,), axes="YNX"))


@pytest.mark.parametrize(
    "make",
    [
        lambda x: x.astype(np.float32) - 500,
        lambda x: x / 65535.0,
        lambda x: x,
    ],
    ids=["negative floats", "float64 in 0..1", "uint16"],
)
def test_good_images_of_any_kind_are_taken(
    make: Any, noisy: np.ndarray[Any, Any]
) -> None:
    seen = see(Wanted(arrays=(make(noisy),)))
    assert seen.images.n_images == 1
    assert "1 image of 64x64" in seen.facts


def test_few_grey_levels_are_a_warning(noisy: np.ndarray[Any, Any]) -> None:
    coarse = (np.clip(noisy // 40, 0, 4)).astype(np.uint8)
    assert any(
        "level" in text or "value" in text
        for text in see(Wanted(arrays=(coarse,))).warnings
    )


def test_small_images_are_said_to_have_no_validation(
    noisy: np.ndarray[Any, Any],
) -> None:
    assert "validation" in see(Wanted(arrays=(noisy,))).warnings[-1]


def test_several_layers_are_one_stack(noisy: np.ndarray[Any, Any]) -> None:
    seen = see(Wanted(arrays=(noisy, noisy + 1), axes="YX"))
    assert seen.images.n_images == 2
    np.testing.assert_array_equal(seen.images.plane(1), noisy + 1)


def test_one_channel_of_several_is_taken(noisy: np.ndarray[Any, Any]) -> None:
    seen = see(Wanted(arrays=(np.stack([noisy, noisy + 9]),), axes="CYX", channel=1))
    assert seen.n_channels == 2
    np.testing.assert_array_equal(seen.images.plane(0), noisy + 9)


def test_a_region_is_cut_and_the_image_is_not_changed(
    noisy: np.ndarray[Any, Any],
) -> None:
    before = noisy.copy()
    region = (slice(0, 40), slice(10, 60))
    seen = see(Wanted(arrays=(noisy,), axes="YX", regions=(region,)))
    np.testing.assert_array_equal(seen.images.plane(0), noisy[:40, 10:60])
    np.testing.assert_array_equal(noisy, before)


def test_a_file_is_opened(tmp_path: Path, noisy: np.ndarray[Any, Any]) -> None:
    path = tmp_path / "cells.tif"
    tifffile.imwrite(path, noisy)
    np.testing.assert_array_equal(see(Wanted(path=str(path))).images.plane(0), noisy)


def test_a_missing_file_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere"):
        see(Wanted(path=str(tmp_path / "nowhere.tif")))


def test_a_region_lies_along_the_axes_that_were_named() -> None:
    array = np.arange(4 * 5 * 6).reshape(4, 5, 6)
    cut = cut_region(array, "YTX", (slice(1, 3), slice(0, 2)))
    np.testing.assert_array_equal(cut, array[1:3, :, 0:2])
