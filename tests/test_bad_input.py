"""Whatever goes in: a sentence that says what and how to go on, and nothing lost.

Each kind of bad input goes the whole way, through Python and through the shell.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile
import torch

import napari_divnoise as dn

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Image = np.ndarray[Any, Any]
TINY: dict[str, Any] = {
    "n_steps": 6,
    "batch_size": 2,
    "patch_size": 32,
    "n_filters": 4,
    "z_channels": 4,
    "validation_fraction": 0.0,
    "precision": "float32",
}
SETTINGS = {"preset": "quick", "device": "cpu", **TINY}
CPU = {"device": "cpu", "precision": "float32"}


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def _cells(dtype: Any = np.uint16, size: int = 64) -> Image:
    """A disc on a background, with Poisson noise."""
    y, x = np.mgrid[:size, :size]
    signal = 20 + 60 * (np.hypot(y - 0.6 * size, x - 0.4 * size) < size / 5)
    return (100 + np.random.default_rng(0).poisson(signal)).astype(dtype)


def _with(value: float) -> Image:
    image = _cells(np.float32)
    image[3:5, 7] = value
    return image


@pytest.fixture(scope="module")
def model() -> dn.Model:
    return dn.fit(_cells(), noise_model="learn", **SETTINGS)


def _train_words(image: Path, run_dir: Path) -> list[object]:
    settings = [part for k, v in TINY.items() for part in ("--set", f"{k}={v}")]
    words: list[object] = ["train", image, "--run", run_dir, "--preset", "quick"]
    return [*words, "--device", "cpu", *settings]


def _saved(image: Image, tmp_path: Path) -> Path:
    path = tmp_path / "image.npy"
    np.save(path, image)
    return path


def _sentence(error: BaseException) -> str:
    """Return the words of an error, which are one sentence with a way out."""
    words = str(error)
    assert "\n" not in words
    assert ": " in words
    return words


NOT_AN_IMAGE = {
    "empty stack": (np.zeros((0, 64, 64), np.uint16), "is empty.*with pixels"),
    "no rows": (np.zeros((0, 64), np.uint16), "is empty.*with pixels"),
    "1-D": (np.arange(4096.0), "1 dimension.*at least two"),
    "one number": (np.float32(3), "0 dimension.*at least two"),
    "RGB": (np.stack([_cells(np.uint8)] * 3, -1), r"colour.*channel=0, 1 or 2"),
    "RGBA": (np.stack([_cells(np.uint8)] * 4, -1), r"colour.*channel=0, 1 or 2"),
    "complex": (_cells(np.complex64), r"complex64.*numpy\.abs"),
    "mask": (_cells() > 120, "bool.*images, not masks"),
    "NaN": (_with(np.nan), "NaN or infinite.*replace them"),
    "infinite": (_with(-np.inf), "NaN or infinite.*replace them"),
    "all NaN": (np.full((64, 64), np.nan), "4096.*NaN or infinite.*replace them"),
}
NOTHING_TO_LEARN = {
    "constant": (np.full((64, 64), 7, np.uint16), "all pixels are 7.*another"),
    "hot pixel only": (np.eye(64, 1, dtype=np.uint8) * np.eye(1, 64) + 7, "constant"),
    "one row short": (_cells()[:31], "31x64.*at least 32x32"),
    "one pixel": (_cells()[:1, :1], "1x1.*at least 32x32"),
    "all zero": (np.zeros((64, 64), np.uint16), "all pixels are 0.*shutter"),
    "saturated": (np.full((64, 64), 255, np.uint8), "saturated.*shorter exposure"),
    "12 bits full": (np.full((64, 64), 4095, np.uint16), "saturated.*shorter exposure"),
    "floats full": (np.ones((64, 64)), "saturated.*shorter exposure"),
    "beyond float32": (_cells(np.float64) * 1e40, "divide the images"),
}
REFUSED = NOT_AN_IMAGE | NOTHING_TO_LEARN


@pytest.mark.parametrize("kind", REFUSED)
def test_what_cannot_be_trained_on_is_refused_in_words(
    kind: str, run_dir: Path, tmp_path: Path, shell: Any
) -> None:
    image, words = REFUSED[kind]
    with pytest.raises((ValueError, TypeError), match=words) as caught:
        dn.fit(image, noise_model="learn", **SETTINGS)
    _sentence(caught.value)
    told = shell(*_train_words(_saved(image, tmp_path), run_dir))
    assert told.status == 1
    assert re.search(words, told.error)


def test_after_a_refusal_the_folder_is_free(
    run_dir: Path, tmp_path: Path, shell: Any
) -> None:
    words = _train_words(tmp_path / "image.npy", run_dir)
    _saved(_with(np.nan), tmp_path)
    assert shell(*words).status == 1
    _saved(_cells(), tmp_path)
    assert shell(*words).status == 0


@pytest.mark.parametrize("kind", NOT_AN_IMAGE)
def test_what_is_no_image_has_no_posterior(
    kind: str, model: dn.Model, tmp_path: Path, shell: Any
) -> None:
    image, _ = NOT_AN_IMAGE[kind]
    for use in (
        lambda: model.denoise(image, n_samples=2, **CPU),
        lambda: model.posterior(image, **CPU).sample(0),
        lambda: model.posterior(image, **CPU).summarise(2, quantiles=(0.05,)),
    ):
        with pytest.raises((ValueError, TypeError)) as caught:
            use()
        _sentence(caught.value)
    saved, out = model.save(tmp_path / "m.divnoise"), tmp_path / "out"
    words = ["denoise", _saved(image, tmp_path), "--model", saved, "--out", out]
    told = shell(*words, "--samples", 2, "--device", "cpu")
    assert told.status == 1
    assert "image.npy was left out" in told.error
    assert list(out.iterdir()) == []


@pytest.mark.parametrize(
    "image",
    [
        np.full((64, 64), 7, np.uint16),
        np.zeros((40, 40), np.float64),
        np.full((33, 35), 65535, np.uint16),
        _cells()[:1, :1],
        _cells()[:3, :61],
        _cells(np.int32) - 1000,
    ],
    ids=["constant", "zero", "saturated", "one pixel", "thin", "negative"],
)
def test_any_image_of_finite_pixels_can_be_denoised(
    image: Image, model: dn.Model
) -> None:
    before = image.copy()
    summary = model.posterior(image, **CPU).summarise(3, quantiles=(0.05,))
    assert summary.mmse.shape == image.shape
    assert np.isfinite(summary.mmse).all()
    assert np.isfinite(summary.std).all()
    np.testing.assert_array_equal(image, before)


@pytest.mark.parametrize(
    "image",
    [
        _cells(np.float32) - 500,
        _cells(np.float64) / 200,
        _cells(np.float64) * 1e-6,
        _cells(np.int64) + 2**20,
        _cells(np.float16),
        _cells(">u2"),
    ],
    ids=["negative", "0 to 1", "tiny", "large offset", "half", "big-endian"],
)
def test_any_finite_numbers_train_and_come_back_in_their_own_units(
    image: Image,
) -> None:
    before = image.copy()
    trained = dn.fit(image, noise_model="learn", **SETTINGS)
    denoised = trained.denoise(image, n_samples=4, **CPU)
    low, high = float(image.min()), float(image.max())
    assert low - (high - low) < denoised.mean() < high + (high - low)
    np.testing.assert_array_equal(image, before)


def test_five_grey_levels_train_with_a_warning(
    run_dir: Path, tmp_path: Path, shell: Any
) -> None:
    image = np.random.default_rng(0).integers(0, 5, (64, 64)).astype(np.uint8)
    with pytest.warns(UserWarning, match="only 5 grey levels.*camera's own files"):
        model = dn.fit(image, noise_model="learn", **SETTINGS)
    assert np.isfinite(model.denoise(image, n_samples=2, **CPU)).all()
    told = shell(*_train_words(_saved(image, tmp_path), run_dir))
    assert told.status == 0
    assert told.notes.count("note: The images have only 5 grey levels") == 1
    messages = [e for e in dn.RunFolder(run_dir).events() if e["event"] == "message"]
    assert "only 5 grey levels" in messages[0]["text"]


def test_images_that_differ_in_size_are_named(
    model: dn.Model, run_dir: Path, tmp_path: Path, shell: Any
) -> None:
    sizes = [_cells(), _cells(size=48)]
    for use in (lambda: dn.fit(sizes, **SETTINGS), lambda: model.posterior(sizes)):
        with pytest.raises(ValueError, match=r"differ in size.*64x64.*48x48.*crop"):
            use()
    folder = tmp_path / "images"
    folder.mkdir()
    for number, image in enumerate(sizes):
        tifffile.imwrite(folder / f"{number}.tif", image)
    told = shell(*_train_words(folder, run_dir))
    assert told.status == 1
    assert "0.tif is 64x64 and 1.tif is 48x48" in told.error


@pytest.mark.parametrize("axes", ["YXC", "Y", "YY", "QX", "", "TYX"])
def test_wrong_axes_are_told_with_an_example(
    axes: str, model: dn.Model, run_dir: Path, tmp_path: Path, shell: Any
) -> None:
    for use in (
        lambda: dn.fit(_cells(), axes=axes, **SETTINGS),
        lambda: model.posterior(_cells(), axes=axes),
    ):
        with pytest.raises(ValueError, match=f"axes '{axes}'.*for example 'YX'"):
            use()
    words = _train_words(_saved(_cells(), tmp_path), run_dir)
    told = shell(*words, "--axes", axes)
    assert told.status == 1
    assert "for example 'YX'" in told.error


def test_axes_that_swap_time_and_rows_are_told_by_their_size(run_dir: Path) -> None:
    film = np.stack([_cells()] * 3)
    with pytest.raises(ValueError, match=r"3x64.*check the axes"):
        dn.fit(film, axes="YTX", run=run_dir, **SETTINGS)


@pytest.mark.parametrize(
    ("noise_model", "error", "words"),
    [
        (5, TypeError, r'of type int: give a noise model.*"learn"'),
        ("learnt", FileNotFoundError, "no noise model at learnt.*spelling"),
    ],
)
def test_what_is_no_noise_model_is_refused(
    noise_model: Any, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        dn.fit(_cells(), noise_model=noise_model, **SETTINGS)


def test_few_calibration_frames_are_a_note_in_the_shell(
    tmp_path: Path, shell: Any
) -> None:
    rng = np.random.default_rng(0)
    frames = rng.poisson(np.linspace(20, 200, 4096).reshape(64, 64), (4, 64, 64))
    words = ["noise-model", "calibrate", _saved(frames, tmp_path), "--kind", "gaussian"]
    told = shell(*words, "--out", tmp_path / "camera.npz")
    assert told.status == 0
    assert told.notes.count("note: the mean of 4 frames is a noisy signal") == 1


def test_a_still_scene_without_noise_is_refused() -> None:
    frames = np.stack([np.random.default_rng(0).random((64, 64))] * 9)
    with pytest.raises(ValueError, match=r"are equal everywhere.*many frames"):
        dn.calibrate_noise_model(frames)
    with pytest.raises(TypeError, match=r"complex128: take the real part"):
        dn.calibrate_noise_model(frames.astype(complex))


def test_settings_that_do_not_go_together_are_told_alone(
    run_dir: Path, tmp_path: Path, shell: Any
) -> None:
    words = [*_train_words(_saved(_cells(), tmp_path), run_dir), "--set"]
    told = shell(*words, "patch_size=33")
    assert told.status == 2
    assert told.error.startswith("error: training settings: patch_size must be a mult")


def test_samples_are_asked_for_in_whole_numbers(model: dn.Model) -> None:
    posterior = model.posterior(_cells(), **CPU)
    np.testing.assert_array_equal(
        posterior.samples(np.int64(2)), posterior.samples(np.array([0, 1]))
    )
    for wrong in (0, -1, [-1]):
        with pytest.raises(ValueError, match="samples"):
            posterior.samples(wrong)
    for wrong in (2.5, [1.5], "3"):
        with pytest.raises(TypeError):
            posterior.samples(wrong)
