from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from napari_divnoise.runs.figures import cover_png, save_samples_gif

if TYPE_CHECKING:
    from pathlib import Path


def _cover(image: np.ndarray, **kwargs: int) -> np.ndarray:
    with Image.open(BytesIO(cover_png(image, **kwargs))) as picture:
        return np.asarray(picture)


def test_a_cover_is_a_small_grey_png_of_the_same_proportions() -> None:
    rng = np.random.default_rng(0)
    cover = _cover(rng.normal(500, 30, (600, 300)))
    assert cover.shape == (256, 128)
    assert cover.dtype == np.uint8
    assert _cover(rng.random((40, 50))).shape == (40, 50)
    assert _cover(rng.random((40, 50)), size=25).shape == (20, 25)


def test_a_cover_keeps_order_and_forgives_hot_and_missing_pixels() -> None:
    ramp = np.tile(np.linspace(100, 200, 128), (128, 1))
    ramp[5, 5], ramp[6, 6] = 1e9, np.nan
    cover = _cover(ramp)
    assert (np.diff(cover[20].astype(int)) >= 0).all()
    assert cover[20, -1] - cover[20, 0] > 240


def test_a_constant_cover_is_black() -> None:
    assert (_cover(np.full((32, 32), 7.0)) == 0).all()


def test_a_film_shows_every_sample_in_its_turn(tmp_path: Path) -> None:
    path = tmp_path / "samples.gif"
    samples = np.random.default_rng(1).random((6, 40, 48)).astype(np.float32)
    save_samples_gif(path, samples, fps=10, contrast_limits=(0, 1))
    with Image.open(path) as film:
        assert film.n_frames == 6
        assert film.info["loop"] == 0
        for number, sample in enumerate(samples):
            film.seek(number)
            assert film.info["duration"] == 100
            shown = np.asarray(film.convert("L")).astype(float)
            np.testing.assert_allclose(shown, 255 * sample, atol=2)


def test_a_film_of_large_images_is_made_smaller(tmp_path: Path) -> None:
    save_samples_gif(tmp_path / "a.gif", np.eye(300)[None] * [[[1]], [[2]]], size=100)
    with Image.open(tmp_path / "a.gif") as film:
        assert film.size == (100, 100)


@pytest.mark.parametrize(
    ("samples", "fps", "message"),
    [
        (np.zeros((4, 4)), 8, r"samples have shape \(4, 4\)"),
        (np.zeros((0, 4, 4)), 8, "at least one"),
        (np.zeros((1, 4, 4)), 0, "fps is 0"),
        (np.zeros((1, 4, 4)), 60, "fps is 60"),
    ],
)
def test_what_is_no_film_is_refused(
    tmp_path: Path, samples: np.ndarray, fps: float, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        save_samples_gif(tmp_path / "a.gif", samples, fps=fps)
    with pytest.raises(ValueError, match=r"'cover' has shape \(3,\)"):
        cover_png(np.zeros(3))
