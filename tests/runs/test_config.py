"""One file says what a run is, and a mistake in it is named with its way out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from napari_divnoise.runs import RunConfig, SettingsError
from napari_divnoise.runs.config import parse_settings

if TYPE_CHECKING:
    from pathlib import Path

EVERYTHING = {
    "images": ("a.tif", "b.tif"),
    "axes": "TYX",
    "channel": 1,
    "method": "vae",
    "noise_model": "camera.npz",
    "preset": "best",
    "seed": 7,
    "device": "cpu",
    "max_minutes": 2.5,
    "previews": True,
    "preview_region": (0, 1, 2, 30, 40),
    "settings": {"n_steps": 5, "augment": False, "precision": "float32"},
}


def _written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_every_field_survives_the_file(tmp_path: Path) -> None:
    config = RunConfig(**EVERYTHING)
    assert set(EVERYTHING) == set(RunConfig.model_fields)
    path = _written(tmp_path / "run.yaml", config.to_yaml())
    assert RunConfig.from_yaml(path) == config.anchored(tmp_path)


def test_paths_are_seen_from_the_folder_of_the_file(tmp_path: Path) -> None:
    text = "images: [images.npy, /data/b.tif]\nnoise_model: camera.npz\n"
    config = RunConfig.from_yaml(_written(tmp_path / "run.yaml", text))
    assert config.images == (str(tmp_path / "images.npy"), "/data/b.tif")
    assert config.noise_model == str(tmp_path / "camera.npz")


def test_a_moved_folder_still_finds_what_is_inside(tmp_path: Path) -> None:
    inside = (str(tmp_path / "old" / "images.npy"), str(tmp_path / "b.tif"))
    config = RunConfig(images=inside, noise_model="learn").seen_from(tmp_path / "old")
    assert config.images == ("images.npy", inside[1])
    assert config.noise_model == "learn"
    assert config.anchored(tmp_path / "new").images[0] == str(
        tmp_path / "new" / "images.npy"
    )


def test_learn_is_no_path(tmp_path: Path) -> None:
    path = _written(tmp_path / "run.yaml", "noise_model: learn\n")
    assert RunConfig.from_yaml(path).noise_model == "learn"


def test_settings_reach_the_training(tmp_path: Path) -> None:
    config = RunConfig(
        method="vae",
        preset="quick",
        seed=7,
        device="cpu",
        max_minutes=2.5,
        settings={"n_steps": 5, "kl_weight": 0.5, "augment": False},
    )
    training = config.training_config((3, 64, 64))
    assert (training.method, training.preset) == ("vae", "quick")
    assert (training.seed, training.device) == (7, "cpu")
    assert (training.n_steps, training.kl_weight) == (5, 0.5)
    assert training.max_minutes == 2.5
    assert not training.augment


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("sead: 3", "did you mean 'seed'"),
        ("seed: -1", "seed = -1"),
        ("seed: soon", "seed = 'soon'"),
        ("max_minutes: 0", "max_minutes = 0"),
        ("- a list", "a run file holds lines like"),
        ("axes: [", "not readable YAML"),
    ],
)
def test_a_mistake_is_named_in_one_line(tmp_path: Path, text: str, words: str) -> None:
    path = _written(tmp_path / "run.yaml", text)
    with pytest.raises(ValueError, match=words) as caught:
        RunConfig.from_yaml(path)
    assert "\n" not in str(caught.value)
    assert "run.yaml" in str(caught.value)


def test_a_missing_file_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="--run DIR"):
        RunConfig.from_yaml(tmp_path / "run.yaml")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"settings": {"n_step": 5}}, "did you mean 'n_steps'"),
        ({"settings": {"n_steps": 0}}, "n_steps = 0"),
        ({"preset": "fast"}, "quick, standard, best, paper"),
        ({"method": "hdm"}, "'divnoising'"),
        ({"device": "gpu"}, "device"),
    ],
)
def test_a_wrong_setting_is_named(changes: dict[str, object], words: str) -> None:
    with pytest.raises(SettingsError, match=words) as caught:
        RunConfig(**changes).training_config((1, 64, 64))
    assert "\n" not in str(caught.value)


def test_settings_from_a_shell_are_numbers_truths_and_words() -> None:
    texts = ["n_steps=500", "learning_rate=0.002", "augment=false", "precision=float32"]
    assert parse_settings(texts) == {
        "n_steps": 500,
        "learning_rate": 0.002,
        "augment": False,
        "precision": "float32",
    }
    with pytest.raises(SettingsError, match="NAME=VALUE"):
        parse_settings(["n_steps"])
