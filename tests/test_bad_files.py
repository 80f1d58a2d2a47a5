"""Full disks, runs that exist, files cut short or of another version: nothing is lost.

Each goes the whole way, through Python and through the shell.
"""

from __future__ import annotations

import errno
import json
import zipfile
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import napari_divnoise as dn

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Image = np.ndarray[Any, Any]
SETTINGS: dict[str, Any] = {
    "preset": "quick",
    "device": "cpu",
    "precision": "float32",
    "n_steps": 6,
    "batch_size": 2,
    "patch_size": 32,
    "n_filters": 4,
    "z_channels": 4,
    "validation_fraction": 0.0,
}
LONG = {**SETTINGS, "n_steps": 100_000}


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def image() -> Image:
    """A ramp with Poisson noise, 64x64 pixels."""
    signal = np.linspace(20, 90, 64 * 64).reshape(64, 64)
    return 100 + np.random.default_rng(0).poisson(signal)


@pytest.fixture
def file(image: Image, tmp_path: Path) -> Path:
    """The same in a file."""
    np.save(tmp_path / "image.npy", image)
    return tmp_path / "image.npy"


@pytest.fixture(scope="module")
def model(image: Image) -> dn.Model:
    return dn.fit(image, noise_model="learn", **SETTINGS)


@contextmanager
def _full_disk(free_bytes: int) -> Iterator[None]:
    """The system lets no file grow beyond so many bytes, as on a disk that is full."""
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (free_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture
def begun(image: Image, run_dir: Path) -> dn.RunFolder:
    """A run that was stopped on its way, with a checkpoint and a model."""
    training = dn.train(image, run=run_dir, **LONG)
    next(training)
    training.close()
    return dn.RunFolder(run_dir)


def _contents(folder: Path) -> dict[str, bytes]:
    kept = ("checkpoint.safetensors", "model.divnoise", "run.yaml")
    return {name: (folder / name).read_bytes() for name in kept}


def test_a_full_disk_ends_a_training_and_loses_nothing(
    begun: dn.RunFolder, image: Image
) -> None:
    before = _contents(begun.path)
    training = dn.train(image, run=begun, resume=True, **LONG)
    step = next(training).step
    with _full_disk(10_000):
        begun.request_stop()
        with pytest.raises(OSError, match=r"no space left.*is intact.*--resume"):
            list(training)
    assert _contents(begun.path) == before
    assert not list(begun.path.glob("*.partial"))
    assert begun.state == "failed"
    assert dn.load_model(begun.path).denoise(image, n_samples=2).shape == (64, 64)
    resumed = dn.train(image, run=begun, resume=True, **LONG)
    assert 1 < next(resumed).step <= step + 1000
    resumed.close()


def test_a_full_disk_leaves_no_half_file(
    model: dn.Model, file: Path, tmp_path: Path, shell: Any
) -> None:
    saved, out = model.save(tmp_path / "m.divnoise"), tmp_path / "out"
    before = saved.read_bytes()
    with _full_disk(3_000):
        with pytest.raises(OSError, match=r"^no space left") as caught:
            model.save(saved)
        told = shell("denoise", file, "--model", saved, "--out", out, "--samples", 2)
    assert caught.value.errno == errno.ENOSPC
    assert saved.read_bytes() == before
    assert told.status == 1
    assert "no space left to write" in told.error
    assert list(out.iterdir()) == []


def test_results_larger_than_memory_reserve_their_place_first(
    model: dn.Model,
    file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    shell: Any,
) -> None:
    monkeypatch.setattr("napari_divnoise.runs.denoising.IN_MEMORY_BYTES", 0)
    saved, out = model.save(tmp_path / "m.divnoise"), tmp_path / "out"
    words = ["denoise", file, "--model", saved, "--out", out]
    with _full_disk(3_000):
        told = shell(*words, "--samples", 2)
    assert told.status == 1
    assert "no space left to write" in told.error
    assert list(out.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_named(
    model: dn.Model, image: Image, tmp_path: Path
) -> None:
    taken = tmp_path / "file"
    taken.write_text("not a folder")
    with pytest.raises(OSError, match=r"cannot write .*folder you may write to"):
        dn.fit(image, run=taken / "run", **SETTINGS)
    with pytest.raises(OSError, match=r"cannot write .*folder you may write to"):
        model.save(taken / "m.divnoise")
    assert model.noise_model is not None
    with pytest.raises(OSError, match=r"cannot write .*camera\.npz.*choose a folder"):
        dn.save_noise_model(model.noise_model, taken / "camera.npz")


def test_a_run_that_exists_is_left_as_it_is(
    begun: dn.RunFolder, image: Image, file: Path, shell: Any
) -> None:
    before = _contents(begun.path)
    with pytest.raises(FileExistsError, match=r"--resume.*--overwrite.*another folder"):
        dn.fit(image, run=begun, **SETTINGS)
    told = shell("train", file, "--run", begun.path)
    assert told.status == 2
    assert "already holds a run (stopped)" in told.error
    assert _contents(begun.path) == before


def _cut(path: Path, share: float) -> None:
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])


def test_a_checkpoint_cut_in_half_leaves_the_model(
    begun: dn.RunFolder, image: Image
) -> None:
    _cut(begun.checkpoint_path, 0.5)
    with pytest.raises(ValueError, match=r"is damaged.*model\.divnoise.*--overwrite"):
        dn.fit(image, run=begun, resume=True, **LONG)
    assert dn.load_model(begun.path).denoise(image, n_samples=2).shape == (64, 64)
    # The way out that it names is one.
    again = dn.fit(image, run=begun, overwrite=True, **SETTINGS)
    assert dn.load_model(begun.path).hash == again.hash


@pytest.mark.parametrize("share", [0.0, 0.5, 0.999])
def test_a_model_cut_in_half_is_refused(
    share: float, model: dn.Model, file: Path, tmp_path: Path, shell: Any
) -> None:
    path = model.save(tmp_path / "m.divnoise")
    _cut(path, share)
    with pytest.raises(ValueError, match=r"damaged.*copy it again|is not a napari"):
        dn.load_model(path)
    words = ["denoise", file, "--model", path]
    told = shell(*words, "--out", tmp_path / "out")
    assert told.status == 1
    assert str(path) in told.error
    assert shell("info", path).status == 1


def _rewritten(path: Path, change: Any) -> Path:
    """Change ``model.json`` of a model file."""
    with zipfile.ZipFile(path) as old:
        parts = {name: old.read(name) for name in old.namelist()}
    info = json.loads(parts["model.json"])
    change(info)
    with zipfile.ZipFile(path, "w") as new:
        for name, data in (parts | {"model.json": json.dumps(info)}).items():
            new.writestr(name, data)
    return path


@pytest.mark.parametrize(
    "change",
    [
        lambda info: info.update(format_version=2, package_version="9.1"),
        lambda info: (
            info.update(package_version="9.1"),
            info["training"].update(free_bits=1.0),
        ),
        lambda info: (
            info.update(package_version="9.1"),
            info["network"].update(blocks=5),
        ),
    ],
    ids=["another format", "a setting of tomorrow", "a network of tomorrow"],
)
def test_a_model_of_another_version_names_it(
    change: Any, model: dn.Model, file: Path, tmp_path: Path, shell: Any
) -> None:
    path = _rewritten(model.save(tmp_path / "m.divnoise"), change)
    with pytest.raises(ValueError, match=r"9\.1.*pip install --upgrade") as caught:
        dn.load_model(path)
    assert "\n" not in str(caught.value)
    words = ["denoise", file, "--model", path]
    told = shell(*words, "--out", tmp_path / "out")
    assert told.status == 1
    assert "pip install --upgrade napari-divnoise" in told.error


def test_a_device_that_is_not_there_is_not_blamed_on_the_model(
    model: dn.Model, tmp_path: Path
) -> None:
    path = model.save(tmp_path / "m.divnoise")
    with pytest.raises(ValueError, match=r"^device must be auto, cpu, cuda or mps"):
        dn.load_model(path, device="tpu")


def test_a_folder_that_is_no_run_is_told_so(tmp_path: Path, shell: Any) -> None:
    assert "is no run folder" in shell("info", tmp_path).error
    with pytest.raises(FileNotFoundError, match=r"is no run folder.*divnoise train"):
        dn.load_model(tmp_path)
