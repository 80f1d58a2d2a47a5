from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from skimage.io import imsave

from napari_divnoise.images import open_images

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_grey_of_8_and_16_bits(dtype: type, tmp_path: Path) -> None:
    image = np.random.default_rng(0).integers(0, np.iinfo(dtype).max, (40, 50), dtype)
    imsave(tmp_path / "a.png", image, check_contrast=False)
    stack = open_images(tmp_path / "a.png")
    assert stack.data.dtype == dtype
    np.testing.assert_array_equal(stack.plane(0), image)


@pytest.mark.parametrize("n_colours", [3, 4])
def test_colours(n_colours: int, tmp_path: Path) -> None:
    image = np.random.default_rng(0).integers(0, 255, (40, 50, n_colours), np.uint8)
    imsave(tmp_path / "a.png", image, check_contrast=False)
    with pytest.raises(ValueError, match=r"a\.png is a colour"):
        open_images(tmp_path / "a.png")
    picked = open_images(tmp_path / "a.png", channel=1)
    np.testing.assert_array_equal(picked.plane(0), image[..., 1])


@pytest.mark.parametrize("n_bytes", [4, 20, 60, 1000])
def test_a_file_cut_off(n_bytes: int, tmp_path: Path) -> None:
    image = np.random.default_rng(0).integers(0, 255, (40, 50), np.uint8)
    path = tmp_path / "a.png"
    imsave(path, image, check_contrast=False)
    path.write_bytes(path.read_bytes()[:n_bytes])
    with pytest.raises(ValueError, match=r"a\.png is (cut off|not a PNG)"):
        open_images(path)
    imsave(tmp_path / "b.png", image, check_contrast=False)
    with pytest.raises(ValueError, match=r"a\.png is (cut off|not a PNG)"):
        open_images(tmp_path)
