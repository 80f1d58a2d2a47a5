"""A model that was saved is the model that was trained."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from napari_divnoise import RunConfig, RunFolder, load_model
from napari_divnoise.runs.bundle import Bundle, load_bundle, save_bundle
from napari_divnoise.runs.files import arrays_hash

if TYPE_CHECKING:
    from pathlib import Path

    from napari_divnoise import Model

EXACT: dict[str, Any] = {"device": "cpu", "precision": "float32"}


def test_a_loaded_model_gives_the_same_samples(
    model: Model, images: np.ndarray[Any, Any], tmp_path: Path
) -> None:
    loaded = load_model(model.save(tmp_path / "m.divnoise"))
    assert loaded.hash == model.hash
    assert loaded.config == model.config
    assert loaded.normalization == model.normalization
    assert loaded.record["images"]["hash"] == model.record["images"]["hash"]
    before, after = (m.posterior(images[0], **EXACT).sample(3) for m in (model, loaded))
    np.testing.assert_array_equal(before, after)


def test_the_noise_model_comes_along(model: Model, tmp_path: Path) -> None:
    loaded = load_model(model.save(tmp_path / "m.divnoise"))
    signal = np.linspace(100, 200, 5, dtype=np.float32)
    assert model.noise_model is not None
    assert loaded.noise_model is not None
    np.testing.assert_allclose(
        loaded.noise_model.variance(signal), model.noise_model.variance(signal)
    )


def test_the_record_says_where_it_comes_from(model: Model) -> None:
    assert model.record["seed"] == 0
    assert model.record["method"] == "divnoising"
    assert model.record["noise_model"] == "learn"
    assert model.noise_model is not None
    noise_model_hash = arrays_hash(model.noise_model.as_arrays())
    assert model.record["noise_model_hash"] == noise_model_hash
    assert model.record["step"] == model.record["n_steps"] == 12
    assert model.record["images"]["shape"] == [2, 64, 64]


def test_denoise_is_the_mean_of_a_hundred_samples(
    model: Model, images: np.ndarray[Any, Any]
) -> None:
    denoised = model.denoise(images[0], **EXACT)
    samples = model.posterior(images[0], **EXACT).samples(100)
    assert denoised.dtype == np.float32
    np.testing.assert_allclose(denoised, samples.mean(0), rtol=1e-5)


@pytest.mark.parametrize(
    ("axes", "shape"),
    [("YX", (64, 60)), ("TZYX", (2, 3, 40, 36)), ("YXT", (36, 40, 2))],
)
def test_axes_are_those_of_the_image(
    model: Model, axes: str, shape: tuple[int, ...]
) -> None:
    image = np.random.default_rng(0).poisson(120, shape).astype(np.uint16)
    denoised = model.denoise(image, axes=axes, n_samples=2, **EXACT)
    assert denoised.shape == shape


def test_one_channel_is_chosen(model: Model) -> None:
    image = np.random.default_rng(0).poisson(120, (2, 40, 40)).astype(np.uint16)
    with pytest.raises(ValueError, match=r"2 channels.*channel=0"):
        model.posterior(image, axes="CYX")
    chosen = model.denoise(image, axes="CYX", channel=1, n_samples=2, **EXACT)
    alone = model.denoise(image[1], n_samples=2, **EXACT)
    np.testing.assert_allclose(chosen, alone)


def test_the_image_is_not_changed(model: Model, images: np.ndarray[Any, Any]) -> None:
    image = images[0].astype(np.float32)
    before = image.copy()
    model.denoise(image, n_samples=2, **EXACT)
    np.testing.assert_array_equal(image, before)


def test_a_folder_without_a_model_says_what_to_wait_for(run_dir: Path) -> None:
    folder = RunFolder(run_dir)
    folder.create(RunConfig())
    with pytest.raises(FileNotFoundError, match="first checkpoint"):
        load_model(run_dir)
    assert folder.state == "ready"


def test_weights_of_another_network_are_refused(model: Model, tmp_path: Path) -> None:
    bundle = load_bundle(model.save(tmp_path / "m.divnoise"))
    network = {**bundle.info["network"], "n_filters": 8}
    info = {**bundle.info, "network": network}
    path = save_bundle(Bundle(info, bundle.weights), tmp_path / "n.divnoise")
    with pytest.raises(ValueError, match="do not fit together"):
        load_model(path)


def test_a_model_can_be_opened_by_any_zip_program(model: Model, tmp_path: Path) -> None:
    path = model.save(tmp_path / "m.divnoise", cover=b"png")
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        assert set(archive.namelist()) == {
            "model.json",
            "weights.safetensors",
            "noise_model.npz",
            "cover.png",
        }
