"""A preview looks where there is something to see, more and more rarely."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from napari_divnoise.runs.previews import Preview, preview_times, structured_region

if TYPE_CHECKING:
    from napari_divnoise import Model


def test_the_region_is_where_the_structure_is() -> None:
    rng = np.random.default_rng(0)
    image = rng.poisson(50, (600, 800)).astype(np.float32)
    image[400:500, 100:200] += 40 * rng.random((10, 10)).repeat(10, 0).repeat(10, 1)
    _, row, column, rows, columns = structured_region(image, 256)
    assert (rows, columns) == (256, 256)
    assert row <= 400
    assert row + rows >= 500
    assert column <= 100
    assert column + columns >= 200


@pytest.mark.parametrize("shape", [(32, 32), (40, 600), (300, 33)])
def test_the_region_fits_small_images(shape: tuple[int, int]) -> None:
    image = np.random.default_rng(0).random(shape, dtype=np.float32)
    _, row, column, rows, columns = structured_region(image, 256)
    assert 0 <= row <= row + rows <= shape[0]
    assert 0 <= column <= column + columns <= shape[1]
    assert (rows, columns) == (min(256, shape[0]), min(256, shape[1]))


def test_previews_begin_early_and_become_rare() -> None:
    times = np.array(list(islice(preview_times(), 40)))
    assert times[0] == 10
    assert (np.diff(times) >= 10).all()
    assert (np.diff(times, 2) >= -1e-9).all()
    assert (times < 7200).sum() < 40


def test_views_are_noisy_mean_and_two_samples(
    model: Model, images: np.ndarray[Any, Any]
) -> None:
    preview = Preview(
        images, model.normalization, region=(1, 8, 4, 40, 500), device="cpu"
    )
    assert preview.region == (1, 8, 4, 40, 60)
    views = preview.views(model.network)
    assert views.shape == (4, 40, 60)
    assert views.dtype == np.float32
    np.testing.assert_array_equal(views[0], images[1, 8:48, 4:64])
    assert np.abs(views[2] - views[3]).max() > 0
    spread = np.abs(views[2:] - views[1]).mean()
    assert spread < np.abs(views[2] - views[3]).mean()


@pytest.mark.parametrize("region", [(2, 0, 0, 9, 9), (0, 64, 0, 9, 9), (0, 0, 0, 0, 9)])
def test_a_region_outside_is_named(
    model: Model, images: np.ndarray[Any, Any], region: tuple[int, ...]
) -> None:
    with pytest.raises(ValueError, match="outside the 2 images of 64x64"):
        Preview(images, model.normalization, region=region)  # type: ignore[arg-type]
