"""Files in, files out: in the axes, scale and units of their source."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from napari_divnoise.images import open_images, write_tiff
from napari_divnoise.runs import SettingsError
from napari_divnoise.runs import denoising as module
from napari_divnoise.runs.denoising import Denoising, range_warning
from napari_divnoise.runs.wanted import Wanted, image_files

if TYPE_CHECKING:
    from napari_divnoise import Model

Images = np.ndarray[Any, Any]
ALL = Wanted(("mmse", "std", "q05"), n_kept=3)


def _job(model: Model, out: Path, wanted: Wanted = ALL, **changes: Any) -> Denoising:
    settings = {"n_samples": 5, "device": "cpu", "precision": "float32", **changes}
    return Denoising(model, out, wanted, **settings)


@pytest.fixture
def film(images: Images, tmp_path: Path) -> Path:
    """Two time points, half a micrometre per pixel."""
    path = tmp_path / "film.tif"
    scale, units = (2.0, 0.5, 0.25), ("s", "um", "um")
    write_tiff(path, images[:, :, :48], axes="TYX", scale=scale, units=units)
    return path


def test_results_lie_over_their_source(
    model: Model, film: Path, tmp_path: Path
) -> None:
    steps = list(_job(model, tmp_path / "out").run([film]))
    names = ["mmse", "std", "q05", "samples"]
    written = [tmp_path / "out" / f"film_{name}.tif" for name in names]
    assert steps[-1].written == (*written, tmp_path / "out" / "film.json")
    mmse = open_images(written[0])
    assert (mmse.axes, mmse.shape) == ("TYX", (2, 64, 48))
    assert mmse.scale == pytest.approx((2.0, 0.5, 0.25))
    assert mmse.units[1:] == ("um", "um")
    samples = open_images(written[3])
    assert (samples.axes, samples.shape) == ("TZYX", (2, 3, 64, 48))
    assert samples.scale[-2:] == pytest.approx((0.5, 0.25))


def test_results_are_those_of_the_posterior(
    model: Model, film: Path, images: Images, tmp_path: Path
) -> None:
    list(_job(model, tmp_path / "out", seed=4).run([film]))
    posterior = model.posterior(
        images[:, :, :48], seed=4, device="cpu", precision="float32"
    )
    expected = posterior.samples(5)
    read = {
        name: np.asarray(open_images(tmp_path / "out" / f"film_{name}.tif").data)
        for name in ("mmse", "std", "q05", "samples")
    }
    np.testing.assert_allclose(read["mmse"][:, 0], expected.mean(0), rtol=1e-5)
    np.testing.assert_allclose(read["std"][:, 0], expected.std(0, ddof=1), atol=1e-3)
    quantile = np.quantile(expected, 0.05, axis=0)
    np.testing.assert_allclose(read["q05"][:, 0], quantile, atol=1e-3)
    # A TIFF knows no axis of samples: behind time they take the place of z.
    samples = read["samples"].reshape(2, 3, 64, 48).swapaxes(0, 1)
    np.testing.assert_allclose(samples, expected[:3], atol=1e-3)


def test_large_results_grow_on_disk_and_are_the_same(
    model: Model, film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    list(_job(model, tmp_path / "a").run([film]))
    monkeypatch.setattr(module, "IN_MEMORY_BYTES", 0)
    list(_job(model, tmp_path / "b").run([film]))
    for path in (tmp_path / "a").glob("*.tif"):
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()
    assert not list((tmp_path / "b").glob(".*"))


def test_the_record_tells_how_to_do_it_again(
    model: Model, film: Path, tmp_path: Path
) -> None:
    list(_job(model, tmp_path / "out", seed=4).run([film]))
    record = json.loads((tmp_path / "out" / "film.json").read_text())
    assert record["source"] == str(film)
    assert (record["seed"], record["n_samples"]) == (4, 5)
    assert record["model_hash"] == model.hash
    assert (record["device"], record["precision"]) == ("cpu", "float32")


def test_the_record_names_what_auto_has_chosen(
    model: Model, film: Path, tmp_path: Path
) -> None:
    list(_job(model, tmp_path / "out", device="auto", precision="auto").run([film]))
    record = json.loads((tmp_path / "out" / "film.json").read_text())
    assert record["device"].partition(":")[0] in ("cpu", "cuda", "mps")
    assert record["precision"] in ("float32", "bfloat16")


def test_a_stray_file_is_left_out_and_the_others_follow(
    model: Model, film: Path, images: Images, tmp_path: Path
) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "a.tif").write_bytes(b"no picture at all")
    film.rename(folder / "b.tif")
    (folder / "notes.txt").write_text("not an image")
    steps = list(_job(model, tmp_path / "out").run([folder]))
    failed = [step for step in steps if step.failed]
    assert [Path(step.path).name for step in failed] == ["a.tif"]
    assert "\n" not in str(failed[0].failed)
    assert (tmp_path / "out" / "b_mmse.tif").exists()


def test_progress_counts_up_to_the_files(
    model: Model, film: Path, tmp_path: Path
) -> None:
    done = [step.done for step in _job(model, tmp_path / "out").run([film])]
    assert done == sorted(done)
    assert done[-1] == 1.0


def test_bright_images_are_warned_of(model: Model, images: Images) -> None:
    assert range_warning(model, images) is None
    bright = images.astype(np.float32) * 3
    assert "train on images like these" in (range_warning(model, bright) or "")


def test_what_to_save_is_read_from_a_list() -> None:
    wanted = Wanted.parse("mmse, std,q05,q97.5,samples:16")
    assert wanted.names == ("mmse", "std", "q05", "q97.5")
    assert wanted.n_kept == 16
    assert wanted.levels == pytest.approx({"q05": 0.05, "q97.5": 0.975})


@pytest.mark.parametrize(
    "text", ["", "mean", "q0", "q100", "samples", "samples:0", "samples:x", "mmse,map"]
)
def test_what_cannot_be_saved_is_named(text: str) -> None:
    with pytest.raises(SettingsError, match=r"mmse, std"):
        Wanted.parse(text)


def test_files_come_from_paths_folders_and_patterns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("b.tif", "a.png", ".hidden.tif", "c.txt"):
        (tmp_path / name).write_bytes(b"")
    found = [path.name for path in image_files([tmp_path])]
    assert found == ["a.png", "b.tif"]
    assert image_files([tmp_path / "*.tif"]) == [tmp_path / "b.tif"]
    monkeypatch.chdir(tmp_path)
    assert image_files(["*.png"]) == [Path("a.png")]
    with pytest.raises(FileNotFoundError, match="gone"):
        image_files([tmp_path / "gone.tif"])


def test_results_of_the_same_name_are_refused(model: Model, tmp_path: Path) -> None:
    for folder in ("x", "y"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.tif").write_bytes(b"")
    with pytest.raises(SettingsError, match="several images are called a"):
        next(_job(model, tmp_path / "out").run([tmp_path / "x", tmp_path / "y"]))
