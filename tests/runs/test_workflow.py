"""A training can be stopped, resumed, watched and repeated, and loses nothing."""

from __future__ import annotations

import time
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest

import napari_divnoise as dn
from napari_divnoise.runs import RunConfig, StorageError, train_run
from napari_divnoise.runs import recorder as recorder_module

Images = np.ndarray[Any, Any]
Settings = dict[str, Any]


def _to_the_end(training: Any) -> dn.Model:
    """Return the value of a generator."""
    while True:
        try:
            next(training)
        except StopIteration as end:
            model: dn.Model = end.value
            return model


def _steps(training: Any, n: int) -> dn.Progress:
    """Take `n` reports of a training."""
    return [next(training) for _ in range(n)][-1]


@pytest.fixture
def noise_model() -> Any:
    rng = np.random.default_rng(0)
    signal = np.linspace(110, 200, 5000)
    observation = 100 + rng.poisson(signal - 100)
    return dn.fit_noise_model(observation, signal, kind="gaussian")


def test_training_tells_how_far_it_is(images: Images, tiny: Settings) -> None:
    training = dn.train(images, noise_model="learn", **tiny)
    reports = []
    while True:
        try:
            reports.append(next(training))
        except StopIteration as end:
            model = end.value
            break
    steps = [report.step for report in reports]
    assert steps == sorted(steps)
    assert steps[-1] == reports[-1].n_steps == 12
    assert all(np.isfinite(report.loss) for report in reports)
    assert model.record["step"] == 12


def test_the_same_seed_gives_the_same_model(images: Images, tiny: Settings) -> None:
    same = [dn.fit(images, seed=5, **tiny).hash for _ in range(2)]
    assert same[0] == same[1]
    assert dn.fit(images, seed=6, **tiny).hash != same[0]


def test_a_resumed_run_gives_what_an_uninterrupted_one_gives(
    images: Images, tiny: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("napari_divnoise.training.loop.YIELD_EVERY_S", 0.0)
    whole = dn.fit(images, run=tmp_path / "whole", **tiny)
    first = dn.train(images, run=tmp_path / "parts", **tiny)
    assert _steps(first, 5).step < 12
    first.close()
    assert dn.RunFolder(tmp_path / "parts").state == "stopped"
    second = dn.train(images, run=tmp_path / "parts", resume=True, **tiny)
    assert 1 < next(second).step < 12
    resumed = _to_the_end(second)
    assert resumed.hash == whole.hash
    assert (
        resumed.record["run_id"] == dn.load_model(tmp_path / "parts").record["run_id"]
    )
    events = [event["event"] for event in dn.RunFolder(tmp_path / "parts").events()]
    assert events.count("started") == events.count("resumed") == 1


def test_a_resumed_run_keeps_the_precision_that_it_began_in(
    images: Images, tiny: Settings, run_dir: Path
) -> None:
    settings = {**tiny, "precision": "auto", "n_steps": 10_000}
    folder = dn.RunFolder(run_dir)
    first = dn.train(images, run=folder, **settings)
    next(first)
    first.close()
    facts = folder.provenance()
    other = {"float32": "bfloat16", "bfloat16": "float32"}[facts["precision"]]
    folder.write_provenance({**facts, "precision": other})
    second = dn.train(images, run=folder, resume=True, **settings)
    next(second)
    second.close()
    assert folder.provenance()["precision"] == other


def test_closing_keeps_what_is_best(
    images: Images, tiny: Settings, run_dir: Path
) -> None:
    training = dn.train(images, run=run_dir, **{**tiny, "n_steps": 10_000})
    next(training)
    training.close()
    folder = dn.RunFolder(run_dir)
    assert folder.events()[-1]["reason"] == "stopped"
    assert dn.load_model(run_dir).posterior(images[0]).sample(0).shape == (64, 64)


def test_the_stop_file_stops_and_goes(
    images: Images, tiny: Settings, run_dir: Path
) -> None:
    training = dn.train(images, run=run_dir, **{**tiny, "n_steps": 10_000})
    next(training)
    dn.RunFolder(run_dir).request_stop()
    model = _to_the_end(training)
    assert model.record["step"] < 10_000
    assert not (run_dir / "stop").exists()


def test_a_pause_waits_and_can_be_stopped(
    images: Images, tiny: Settings, run_dir: Path
) -> None:
    folder = dn.RunFolder(run_dir)
    training = dn.train(images, run=folder, **{**tiny, "n_steps": 10_000})
    next(training)
    folder.request_pause()
    paused = _steps(training, 3)
    assert paused.message == "paused"
    assert folder.state == "paused"
    assert folder.checkpoint_path.exists()
    folder.request_continue()
    assert _steps(training, 2).message is None
    assert folder.state == "running"
    folder.request_pause()
    Thread(target=lambda: (time.sleep(0.3), folder.request_stop())).start()
    assert _to_the_end(training).record["step"] < 10_000
    assert folder.state == "stopped"


def test_a_run_is_never_overwritten_unasked(
    images: Images, tiny: Settings, run_dir: Path
) -> None:
    model = dn.fit(images, run=run_dir, **tiny)
    with pytest.raises(FileExistsError, match=r"--resume.*--overwrite"):
        next(dn.train(images, run=run_dir, **{**tiny, "seed": 9}))
    assert dn.load_model(run_dir).hash == model.hash
    other = dn.fit(images, run=run_dir, overwrite=True, **{**tiny, "seed": 9})
    assert dn.load_model(run_dir).hash == other.hash != model.hash


def test_two_trainings_cannot_share_a_folder(
    images: Images, tiny: Settings, run_dir: Path
) -> None:
    first = dn.train(images, run=run_dir, **{**tiny, "n_steps": 10_000})
    next(first)
    with pytest.raises(OSError, match="another training"):
        next(dn.train(images, run=run_dir, overwrite=True, **tiny))
    assert next(first).step > 1
    first.close()


def test_other_images_are_not_resumed(
    images: Images, tiny: Settings, run_dir: Path
) -> None:
    dn.fit(images, run=run_dir, **tiny)
    with pytest.raises(ValueError, match="images are not those"):
        next(dn.train(images[::-1], run=run_dir, resume=True, **tiny))
    with pytest.raises(ValueError, match="n_filters 4 -> 8"):
        next(dn.train(images, run=run_dir, resume=True, **{**tiny, "n_filters": 8}))


def test_nothing_to_resume_is_said(
    images: Images, tiny: Settings, run_dir: Path
) -> None:
    with pytest.raises(FileNotFoundError, match="no run in"):
        next(dn.train(images, run=run_dir, resume=True, **tiny))
    with pytest.raises(ValueError, match=r"run=\.\.\."):
        next(dn.train(images, resume=True, **tiny))


def test_a_run_keeps_its_noise_model(
    images: Images, tiny: Settings, tmp_path: Path, noise_model: Any
) -> None:
    path = dn.save_noise_model(noise_model, tmp_path / "camera.npz")
    model = dn.fit(images, noise_model=path, run=tmp_path / "run", **tiny)
    assert model.noise_model is not None
    assert model.noise_model.variance(150.0 + np.zeros(1)) == pytest.approx(
        noise_model.variance(150.0 + np.zeros(1))
    )
    path.unlink()
    again = dn.train(
        images, noise_model=path, run=tmp_path / "run", resume=True, **tiny
    )
    assert _to_the_end(again).hash == model.hash


def test_a_vae_needs_no_noise_model(images: Images, tiny: Settings) -> None:
    model = dn.fit(images, method="vae", **tiny)
    assert model.noise_model is None
    assert model.posterior(images[0], device="cpu").sample(0).shape == (64, 64)


def test_pixels_handed_over_are_trained_on(
    images: Images, tiny: Settings, run_dir: Path
) -> None:
    folder = dn.RunFolder(run_dir)
    settings = {k: v for k, v in tiny.items() if k not in ("preset", "device")}
    settings.pop("max_minutes")
    config = RunConfig(
        images=("images.npy",),
        noise_model="learn",
        preset="quick",
        device="cpu",
        max_minutes=10.0,
        previews=True,
        preview_region=(1, 0, 0, 32, 32),
        settings=settings,
    )
    folder.create(config)
    folder.hand_over(images)
    model = _to_the_end(train_run(RunConfig.from_yaml(folder.config_path), folder))
    assert model.hash == dn.fit(images, noise_model="learn", **tiny).hash
    views = np.load(folder.previews()[-1])
    np.testing.assert_array_equal(views[0], images[1, :32, :32])
    preview = next(e for e in folder.events() if e["event"] == "preview")
    assert (folder.path / preview["path"]).exists()


def test_the_folder_says_where_the_model_comes_from(
    images: Images, tiny: Settings, run_dir: Path
) -> None:
    model = dn.fit(images, run=run_dir, **tiny)
    facts = dn.RunFolder(run_dir).provenance()
    assert facts["run_id"] == model.record["run_id"]
    assert facts["images"]["shape"] == [2, 64, 64]
    assert facts["training"] == model.config.model_dump(mode="json")
    assert {"torch", "numpy", "python", "napari-divnoise"} <= set(facts["versions"])


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has it")
def test_a_full_disk_leaves_the_checkpoint_before(
    images: Images, tiny: Settings, run_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder_module, "CHECKPOINT_EVERY_S", 0.0)
    folder = dn.RunFolder(run_dir)
    training = dn.train(images, run=folder, **{**tiny, "n_steps": 10_000})
    next(training)
    kept = folder.checkpoint_path.read_bytes()
    partial = folder.path / "checkpoint.safetensors.partial"
    partial.symlink_to("/dev/full")
    with pytest.raises(StorageError, match=r"no space left.*--resume"):
        _steps(training, 50)
    assert folder.checkpoint_path.read_bytes() == kept
    assert folder.state == "failed"
    assert "no space left" in folder.events()[-1]["error"]
    resumed = dn.train(images, run=folder, resume=True, **{**tiny, "n_steps": 10_000})
    assert next(resumed).step > 1
    resumed.close()


def test_a_checkpoint_cut_in_half_names_the_way_out(
    images: Images, tiny: Settings, run_dir: Path
) -> None:
    model = dn.fit(images, run=run_dir, **tiny)
    path = dn.RunFolder(run_dir).checkpoint_path
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(ValueError, match=r"damaged.*model\.divnoise.*--overwrite"):
        next(dn.train(images, run=run_dir, resume=True, **tiny))
    assert dn.load_model(run_dir).hash == model.hash


@pytest.mark.parametrize(
    ("image", "words"),
    [
        (np.full((64, 64), 7, np.uint16), "7"),
        (np.zeros((64, 64), np.uint16), "0"),
        (np.full((64, 64), np.nan, np.float32), "NaN"),
        (np.arange(400, dtype=np.uint16).reshape(20, 20), "32"),
        (np.arange(5000, dtype=np.uint16), "Y, X"),
        (np.zeros((0, 64, 64), np.uint16), "empty"),
        (np.ones((64, 64), complex), "complex"),
    ],
)
def test_unfit_images_are_refused_in_a_sentence(
    image: Images, words: str, tiny: Settings, run_dir: Path
) -> None:
    with pytest.raises((ValueError, TypeError), match=words) as caught:
        next(dn.train(image, run=run_dir, **tiny))
    assert "\n" not in str(caught.value)
    folder = dn.RunFolder(run_dir)
    assert folder.events()[-1]["error"] == str(caught.value)
    assert not folder.holds_a_run


def test_a_wrong_setting_is_named_before_anything_is_done(images: Images) -> None:
    with pytest.raises(ValueError, match="did you mean 'n_steps'"):
        next(dn.train(images, n_step=5))
    with pytest.raises(ValueError, match="quick, standard, best, paper"):
        next(dn.train(images, preset="fast"))


def test_images_are_not_changed(images: Images, tiny: Settings) -> None:
    before = images.copy()
    dn.fit(images, **tiny)
    np.testing.assert_array_equal(images, before)


def test_long_runs_write_few_lines(
    images: Images, tiny: Settings, run_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder_module, "MOST_LINES", 1)
    monkeypatch.setattr("napari_divnoise.training.loop.YIELD_EVERY_S", 0.0)
    heard: list[Any] = []
    folder = dn.RunFolder(run_dir, echo=heard.append)
    dn.fit(images, run=folder, **{**tiny, "n_steps": 60})
    told = [event for event in heard if event["event"] == "progress"]
    kept = [event for event in folder.events() if event["event"] == "progress"]
    assert len(kept) < len(told) / 2
    assert len(told) >= 60
