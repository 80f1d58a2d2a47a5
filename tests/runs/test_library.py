"""Noise models of one's microscopes come back, and are offered where they suit."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from napari_divnoise.images import inspect_noise
from napari_divnoise.noise import GaussianNoiseModel, save_noise_model
from napari_divnoise.runs.library import NoiseLibrary

if TYPE_CHECKING:
    from pathlib import Path

LOW = GaussianNoiseModel(0.5, -45.0, 4.0, (100.0, 900.0))
HIGH = GaussianNoiseModel(2.0, -180.0, 9.0, (100.0, 900.0))


@pytest.fixture
def library(tmp_path: Path) -> NoiseLibrary:
    return NoiseLibrary(tmp_path / "noise-models")


def seen(model: GaussianNoiseModel, **changes: Any) -> Any:
    """What an inspection of an image with this noise finds."""
    levels = np.linspace(120, 800, 30)
    facts = {
        "levels": levels,
        "variances": model.variance(levels) * np.exp(0.1 * np.sin(levels)),
        "step": 1.0,
        "offset": 95.0,
        "saturation": 65535.0,
    }
    return SimpleNamespace(**{**facts, **changes})


def test_comes_back_as_it_was_added(library: NoiseLibrary) -> None:
    assert library.entries() == []
    added = library.add(
        LOW, name="Zyla 4.2 / 1×", camera="Zyla", gain="low", note="20 °C"
    )
    (entry,) = library.entries()
    assert entry == added
    assert (entry.name, entry.kind, entry.camera) == (
        "Zyla 4.2 / 1×",
        "gaussian",
        "Zyla",
    )
    assert (entry.gain, entry.note) == ("low", "20 °C")
    assert entry.description == LOW.describe()
    assert entry.date.tzinfo is not None
    assert library.load("Zyla 4.2 / 1×").describe() == LOW.describe()


def test_newest_first(library: NoiseLibrary) -> None:
    for name in ("b", "c", "a"):
        library.add(LOW, name=name)
    assert [entry.name for entry in library.entries()] == ["a", "c", "b"]


def test_an_existing_name_is_kept_unless_told(library: NoiseLibrary) -> None:
    library.add(LOW, name="camera")
    with pytest.raises(FileExistsError, match="overwrite=True to replace it"):
        library.add(HIGH, name="camera")
    assert library.load("camera").describe() == LOW.describe()
    library.add(HIGH, name="camera", overwrite=True)
    assert library.load("camera").describe() == HIGH.describe()
    assert len(library.entries()) == 1


@pytest.mark.parametrize("name", ["", "   ", "x" * 300])
def test_names_that_are_none(library: NoiseLibrary, name: str) -> None:
    with pytest.raises(ValueError, match="needs a name of 1 to 200 letters"):
        library.add(LOW, name=name)


@pytest.mark.parametrize("name", ["../out", "a/b", "C:\\x", "..", "Ångström β"])
def test_any_name_stays_in_the_folder(library: NoiseLibrary, name: str) -> None:
    entry = library.add(LOW, name=name)
    assert entry.path.parent == library.folder
    assert [e.name for e in library.entries()] == [name]
    library.remove(name)
    assert library.entries() == []


def test_names_that_are_not_there(library: NoiseLibrary, tmp_path: Path) -> None:
    library.add(LOW, name="camera")
    save_noise_model(LOW, tmp_path / "outside.npz")
    for name in ("other", "../outside"):
        with pytest.raises(KeyError, match=r"has no noise model .*it has .'camera'"):
            library.load(name)
    with pytest.raises(KeyError):
        library.remove("../outside")
    assert (tmp_path / "outside.npz").exists()


def test_damaged_files_are_left_out_and_named(library: NoiseLibrary) -> None:
    library.add(LOW, name="good")
    path = library.add(HIGH, name="bad").path
    path.write_bytes(path.read_bytes()[:200])
    assert [entry.name for entry in library.entries()] == ["good"]
    (sentence,) = library.problems
    assert "bad.npz is damaged" in sentence
    assert [entry.name for entry in library.matching(seen(LOW))] == ["good"]


def test_a_file_from_elsewhere_is_an_entry(library: NoiseLibrary) -> None:
    library.folder.mkdir(parents=True)
    save_noise_model(LOW, library.folder / "from_a_friend.npz")
    (entry,) = library.entries()
    assert (entry.name, entry.camera) == ("from_a_friend", "")
    assert library.load("from_a_friend").describe() == LOW.describe()


def test_offers_what_has_the_noise_of_the_image(library: NoiseLibrary) -> None:
    library.add(LOW, name="low")
    library.add(HIGH, name="high")
    near = GaussianNoiseModel(0.6, -54.0, 4.0, (100.0, 900.0))
    library.add(near, name="near")
    assert [e.name for e in library.matching(seen(LOW))] == ["low", "near"]
    assert [e.name for e in library.matching(seen(HIGH))] == ["high"]
    elsewhere = seen(LOW, levels=np.linspace(3000, 9000, 30))
    assert library.matching(elsewhere) == []


@pytest.mark.parametrize(
    "changes",
    [{"step": 16.0}, {"saturation": 4095.0}, {"offset": 300.0}, {"step": 0.0}],
)
def test_another_camera_is_not_offered(
    library: NoiseLibrary, changes: dict[str, float]
) -> None:
    library.add(LOW, name="low", report=seen(LOW))
    assert library.matching(seen(LOW))
    assert library.matching(seen(LOW, **changes)) == []


def test_an_inspected_image_finds_its_camera(library: NoiseLibrary) -> None:
    y, x = np.mgrid[:256, :256]
    signal = 450 + 300 * np.sin(x / 25) * np.cos(y / 31)
    images = [
        np.rint(model.sample(signal, seed=seed)).astype(np.uint16)
        for model, seed in ((LOW, 1), (HIGH, 2), (LOW, 3))
    ]
    reports = [inspect_noise(image) for image in images]
    library.add(LOW, name="low", report=reports[0])
    library.add(HIGH, name="high", report=reports[1])
    assert [entry.name for entry in library.matching(reports[2])] == ["low"]


def test_the_folder_can_be_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIVNOISE_LIBRARY", str(tmp_path / "shared"))
    library = NoiseLibrary()
    library.add(LOW, name="camera")
    assert (tmp_path / "shared" / "camera.npz").is_file()
