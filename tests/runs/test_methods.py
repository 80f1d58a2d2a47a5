"""Noise2Void and its probabilistic sister: trained, kept, loaded, used on files."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from napari_divnoise import RunFolder, fit, load_model, train
from napari_divnoise.images import open_images, write_tiff
from napari_divnoise.runs import SettingsError
from napari_divnoise.runs.bundle import Bundle, load_bundle, save_bundle
from napari_divnoise.runs.denoising import Denoising
from napari_divnoise.runs.previews import Preview
from napari_divnoise.runs.wanted import Wanted

if TYPE_CHECKING:
    from pathlib import Path

    from napari_divnoise import Model

EXACT: dict[str, Any] = {"device": "cpu", "precision": "float32"}
Images = np.ndarray[Any, Any]


def unet_settings(tiny: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in tiny.items() if k != "z_channels"}


@pytest.fixture(scope="module")
def n2v(images: Images) -> Model:
    from .conftest import TINY

    return fit(images, method="n2v", **unet_settings(TINY))


@pytest.fixture(scope="module")
def pn2v(images: Images) -> Model:
    from .conftest import TINY

    settings = {**unet_settings(TINY), "n_pixel_samples": 12}
    return fit(images, method="pn2v", noise_model="learn", **settings)


@pytest.fixture
def film(images: Images, tmp_path: Path) -> Path:
    path = tmp_path / "film.tif"
    write_tiff(path, images[:, :, :48], axes="TYX", scale=(2.0, 0.5, 0.25))
    return path


def test_a_model_says_what_it_can_do(n2v: Model, pn2v: Model, model: Model) -> None:
    assert (n2v.method, n2v.has_posterior) == ("n2v", False)
    assert (pn2v.method, pn2v.has_posterior) == ("pn2v", True)
    assert (model.method, model.has_posterior) == ("divnoising", True)
    assert n2v.noise_model is None
    assert n2v.record["noise_model"] == "none"
    assert pn2v.noise_model is not None


def test_noise2void_names_the_way_out_where_there_is_no_posterior(
    n2v: Model, images: Images
) -> None:
    with pytest.raises(ValueError, match=r'"n2v" gives one denoised image.*denoise'):
        n2v.posterior(images[0])


@pytest.mark.parametrize("name", ["n2v", "pn2v"])
def test_a_loaded_model_denoises_alike(
    name: str, images: Images, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    made: Model = request.getfixturevalue(name)
    loaded = load_model(made.save(tmp_path / "m.divnoise"))
    assert loaded.hash == made.hash
    assert loaded.config == made.config
    denoised = made.denoise(images, **EXACT)
    assert denoised.shape == images.shape
    assert denoised.dtype == np.float32
    np.testing.assert_array_equal(loaded.denoise(images, **EXACT), denoised)
    alone = made.denoise(images[1], **EXACT)
    np.testing.assert_allclose(alone, denoised[1], rtol=1e-5)
    kind = load_bundle(tmp_path / "m.divnoise").info["network"]["kind"]
    assert kind == "unet"


def test_samples_of_pn2v_scatter_around_its_exact_mean(
    pn2v: Model, images: Images
) -> None:
    posterior = pn2v.posterior(images[0], **EXACT)
    summary = posterior.summarise(400, quantiles=(0.05, 0.95))
    exact = pn2v.denoise(images[0], **EXACT)
    np.testing.assert_array_equal(summary.mmse, exact)
    samples = posterior.samples(400)
    # Where one of the twelve signals explains the pixel alone, nothing scatters.
    spread = samples.std(0)
    error = (samples.mean(0) - exact)[spread > 1] / (spread[spread > 1] / 20)
    assert len(error) > 1000
    assert np.sqrt(np.mean(error**2)) < 1.3
    np.testing.assert_allclose(summary.std, samples.std(0, ddof=1), atol=5e-3)
    assert (summary.quantiles[0.05] <= summary.quantiles[0.95]).all()
    *_, last = posterior.summarising(20)
    np.testing.assert_array_equal(last.mmse, exact)
    np.testing.assert_array_equal(posterior.stack(50)[7], posterior.sample(7))


def test_pn2v_without_its_noise_model_is_refused(
    pn2v: Model, images: Images, tmp_path: Path
) -> None:
    bundle = load_bundle(pn2v.save(tmp_path / "m.divnoise"))
    path = save_bundle(Bundle(bundle.info, bundle.weights), tmp_path / "n.divnoise")
    with pytest.raises(ValueError, match="there is none: load the model with its"):
        load_model(path).denoise(images[0], **EXACT)


def test_a_model_of_an_unknown_kind_is_refused(n2v: Model, tmp_path: Path) -> None:
    bundle = load_bundle(n2v.save(tmp_path / "m.divnoise"))
    info = {**bundle.info, "network": {"kind": "ladder"}, "package_version": "9.9"}
    path = save_bundle(Bundle(info, bundle.weights), tmp_path / "n.divnoise")
    with pytest.raises(ValueError, match=r"written by napari-divnoise 9\.9.*'ladder'"):
        load_model(path)


def test_axes_and_channels_are_those_of_the_image(n2v: Model) -> None:
    rng = np.random.default_rng(0)
    image = rng.poisson(120, (2, 3, 40, 36)).astype(np.uint16)
    assert n2v.denoise(image, axes="TZYX", **EXACT).shape == image.shape
    chosen = n2v.denoise(image, axes="CZYX", channel=1, **EXACT)
    np.testing.assert_allclose(
        chosen, n2v.denoise(image[1], axes="ZYX", **EXACT), rtol=1e-5
    )


@pytest.mark.parametrize("method", ["n2v", "pn2v"])
def test_a_run_can_be_stopped_and_resumed(
    method: str, images: Images, tiny: dict[str, Any], run_dir: Path, tmp_path: Path
) -> None:
    settings = {**unet_settings(tiny), "method": method, "n_steps": 40, "seed": 3}
    settings |= {"validation_fraction": 0.1, "n_pixel_samples": 8}
    training = train(images, run=run_dir, previews=True, **settings)
    next(training)
    training.close()
    folder = RunFolder(run_dir)
    assert folder.state == "stopped"
    resumed = fit(images, run=run_dir, resume=True, previews=True, **settings)
    whole = fit(images, run=tmp_path / "whole", **settings)
    assert resumed.hash == whole.hash
    views = np.load(folder.previews()[-1])
    assert len(views) == (2 if method == "n2v" else 4)
    assert load_model(run_dir).hash == whole.hash


def test_previews_show_what_there_is(n2v: Model, pn2v: Model, images: Images) -> None:
    look = Preview(images, n2v.normalization, region=(1, 8, 4, 40, 32), device="cpu")
    noisy, mean = look.views(n2v.network)
    np.testing.assert_array_equal(noisy, images[1, 8:48, 4:36])
    expected = n2v.denoise(images[1, 8:48, 4:36], device="cpu")
    np.testing.assert_array_equal(mean, expected)
    views = look.views(pn2v.network, pn2v.noise_model)
    assert views.shape == (4, 40, 32)
    assert np.abs(views[2] - views[3]).max() > 0


def _job(model: Model, out: Path, wanted: Wanted) -> Denoising:
    return Denoising(model, out, wanted, n_samples=5, **EXACT)


def test_files_of_a_model_without_samples_are_the_mean_alone(
    n2v: Model, film: Path, images: Images, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    steps = list(_job(n2v, out, Wanted.usual()).run([film]))
    assert steps[-1].written == (out / "film_mmse.tif", out / "film.json")
    assert not any(step.message and "posterior" in step.message for step in steps)
    read = np.asarray(open_images(out / "film_mmse.tif").data)[:, 0]
    expected = n2v.denoise(images[:, :, :48], **EXACT)
    np.testing.assert_allclose(read, expected, rtol=1e-5)
    record = json.loads((out / "film.json").read_text())
    assert (record["n_samples"], record["seed"]) == (0, None)
    assert record["precision"] == "float32"


@pytest.mark.parametrize("asked", ["mmse,std", "samples:3", "q05,q95"])
def test_who_asks_a_model_without_samples_for_some_is_told_once(
    n2v: Model, film: Path, tmp_path: Path, asked: str
) -> None:
    other = film.with_name("other.tif")
    other.write_bytes(film.read_bytes())
    out = tmp_path / "out"
    steps = list(_job(n2v, out, Wanted.parse(asked)).run([film, other]))
    told = [step.message for step in steps if step.message]
    assert len(told) == 1
    assert "n2v knows no posterior: only the mean (mmse) is written" in told[0]
    assert sorted(path.name for path in out.glob("*.tif")) == [
        "film_mmse.tif",
        "other_mmse.tif",
    ]


def test_files_of_pn2v_have_the_exact_mean_with_and_without_samples(
    pn2v: Model, film: Path, images: Images, tmp_path: Path
) -> None:
    expected = pn2v.denoise(images[:, :, :48], **EXACT)
    for name, wanted in {"a": "mmse", "b": "mmse,std,samples:2"}.items():
        steps = list(_job(pn2v, tmp_path / name, Wanted.parse(wanted)).run([film]))
        assert not steps[-1].failed
        read = np.asarray(open_images(tmp_path / name / "film_mmse.tif").data)[:, 0]
        np.testing.assert_allclose(read, expected, rtol=1e-5)
    assert (tmp_path / "b" / "film_samples.tif").exists()


def test_the_command_line_says_it_too(
    n2v: Model, film: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from napari_divnoise.cli import run

    path = n2v.save(tmp_path / "m.divnoise")
    words = ["denoise", film, "--model", path, "--device", "cpu"]
    assert run([str(word) for word in [*words, "--out", tmp_path / "a"]]) == 0
    assert "posterior" not in capsys.readouterr().out
    words += ["--out", tmp_path / "b", "--save", "mmse,std"]
    assert run([str(word) for word in words]) == 0
    assert "n2v knows no posterior" in capsys.readouterr().out
    assert not list((tmp_path / "b").glob("*_std.tif"))


def test_a_method_that_does_not_exist_is_named(images: Images) -> None:
    with pytest.raises(SettingsError, match="'divnoising', 'vae', 'n2v' or 'pn2v'"):
        fit(images, method="n3v")
