from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from napari_divnoise.runs.figures import save_curve, save_gallery

if TYPE_CHECKING:
    from pathlib import Path


def _images() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    truth = 100 + 50 * rng.random((64, 64))
    noisy = truth + rng.normal(0, 40, truth.shape)
    return {"noisy": noisy, "mean": truth, "std": rng.random((64, 64))}


def _pixels(path: Path) -> np.ndarray:
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB")).astype(int)


def _is_grey(pixels: np.ndarray) -> np.ndarray:
    return np.ptp(pixels, axis=-1) <= 8


def test_a_gallery_is_grey_but_for_the_spread(tmp_path: Path) -> None:
    path = tmp_path / "gallery.png"
    save_gallery(path, _images())
    noisy, mean, std = np.array_split(_pixels(path), 3, axis=1)
    assert _is_grey(noisy).all()
    assert _is_grey(mean).all()
    assert _is_grey(std).mean() < 0.5


def test_the_scale_bar_is_as_long_as_it_says(tmp_path: Path) -> None:
    flat = {"mean": np.zeros((300, 300))}
    path = tmp_path / "bar.png"
    save_gallery(path, flat, scale=0.5, contrast_limits=(0, 1))
    pixels = _pixels(path)
    panel = (pixels == 0).all(-1).any(0).sum()
    white = (pixels > 250).all(-1)
    bar = white[white.sum(1).argmax()].sum()
    # 300 pixels of 0.5 um are 150 um; the round length below a fifth of it is 20 um.
    assert bar / panel == pytest.approx(20 / 150, rel=0.03)


def test_contrast_comes_from_the_mean_and_not_from_the_noise(tmp_path: Path) -> None:
    images = _images()
    images["noisy"][0, 0] = 1e6
    save_gallery(tmp_path / "a.png", images)
    _, mean, _ = np.array_split(_pixels(tmp_path / "a.png"), 3, axis=1)
    assert np.ptp(mean) > 200


@pytest.mark.parametrize("suffix", ["png", "pdf", "svg"])
def test_the_suffix_says_how_and_an_old_file_is_replaced(
    tmp_path: Path, suffix: str
) -> None:
    path = tmp_path / f"gallery.{suffix}"
    path.write_bytes(b"old")
    images = {"std": np.full((8, 16), np.nan), "sample 1": np.ones((8, 16))}
    save_gallery(path, images, scale=1.0, unit="pixel", n_columns=1)
    head = {"png": b"\x89PNG", "pdf": b"%PDF", "svg": b"<?xml"}[suffix]
    assert path.read_bytes().startswith(head)
    assert list(tmp_path.iterdir()) == [path]


def test_a_curve_shows_every_line_in_its_colour(tmp_path: Path) -> None:
    path = tmp_path / "curve.png"
    x = np.arange(50.0)
    curves = {"loss": (x, np.exp(-x / 9)), "validation": (x, [float("nan")] * 50)}
    save_curve(path, curves, x_label="step", y_label="nats per pixel", title="run")
    blue = np.abs(_pixels(path) - [0x4C, 0xC9, 0xF0]).max(-1) < 12
    assert blue.any(0).sum() > 500


def test_what_cannot_be_drawn_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.png"
    with pytest.raises(ValueError, match="no image to show"):
        save_gallery(path, {})
    with pytest.raises(ValueError, match=r"'mean' has shape \(2, 3, 4\)"):
        save_gallery(path, {"mean": np.zeros((2, 3, 4))})
    with pytest.raises(ValueError, match="n_columns is 0"):
        save_gallery(path, _images(), n_columns=0)
    with pytest.raises(ValueError, match="scale is 0"):
        save_gallery(path, _images(), scale=0.0)
    with pytest.raises(ValueError, match="no curve to draw"):
        save_curve(path, {}, x_label="", y_label="")
    with pytest.raises(ValueError, match="3 x but 2 y"):
        save_curve(path, {"a": ([1, 2, 3], [1, 2])}, x_label="", y_label="")
    assert not path.exists()


def test_no_window_and_no_global_state_is_touched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    monkeypatch.setenv("DISPLAY", ":nowhere")
    save_gallery(tmp_path / "a.png", _images(), scale=0.1)
    assert (tmp_path / "a.png").stat().st_size > 0
