"""The same work from a shell: one line of error, an exit status, JSON for machines."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from napari_divnoise import RunFolder, __version__, load_model
from napari_divnoise.cli import run
from napari_divnoise.noise import (
    GaussianNoiseModel,
    load_noise_model,
    load_pairs,
    save_noise_model,
)

TINY = [
    word
    for setting in (
        "n_steps=12", "batch_size=2", "patch_size=32", "n_filters=4", "z_channels=4",
        "validate_every=5", "validation_fraction=0", "precision=float32",
    )
    for word in ("--set", setting)
]  # fmt: skip
COMMANDS = [
    ["demo"], ["train"], ["denoise"], ["info"], ["doctor"], ["check"],
    ["noise-model", "fit"], ["noise-model", "calibrate"], ["noise-model", "show"],
    ["noise-model", "bootstrap"], ["noise-model", "library", "list"],
    ["noise-model", "library", "add"], ["noise-model", "library", "remove"],
    ["noise-model", "library", "match"],
]  # fmt: skip


@pytest.fixture(autouse=True)
def _one_thread() -> Any:
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def cells(tmp_path: Path) -> Path:
    """A noisy image of 64x64 pixels in a file."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:64, :64]
    signal = 20 + 60 * (np.hypot(y - 40, x - 25) < 12)
    path = tmp_path / "cells.tif"
    tifffile.imwrite(path, (100 + rng.poisson(signal)).astype(np.uint16))
    return path


@pytest.fixture
def trained(cells: Path, run_dir: Path) -> Path:
    words = ["train", str(cells), "--preset", "quick", "--run", str(run_dir), *TINY]
    assert run([*words, "--device", "cpu"]) == 0
    return run_dir


def _lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def _error(capsys: pytest.CaptureFixture[str]) -> str:
    """Return the one line of error."""
    lines = [li for li in capsys.readouterr().err.splitlines() if "error: " in li]
    assert len(lines) == 1
    return lines[0]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_has_an_example(
    command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*command, "--help"]) == 0
    text = capsys.readouterr().out
    assert f"Example: divnoise {' '.join(command)}" in text
    assert "--json" in text
    assert "--debug" in text


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["trian"], "Did you mean 'train'"),
        (["train"], "--run DIR"),
        (["train", "--run", "a"], "no images"),
        (["train", "gone.tif", "--run", "a"], r"gone\.tif"),
        (["train", "--config", "gone.yaml"], r"no run file .*gone\.yaml"),
        (["train", "--run", "a", "--resume"], r"no run file"),
        (["train", "x.tif", "--run", "a", "--seed", "-1"], "seed"),
        (["train", "x.tif", "--run", "a", "--set", "n_steps"], "NAME=VALUE"),
        (["train", "x.tif", "--run", "a", "--max-minutes", "0"], "max_minutes = 0"),
        (["denoise", "a.tif", "--out", "o"], "model"),
        (["denoise", "a.tif", "--model", "m.divnoise", "--out", "o"], "no model file"),
        (["info", "gone.divnoise"], "no model file"),
        (["info", "gone.npz"], "gone"),
    ],
)
def test_a_wrong_call_is_one_line_and_status_2(
    words: list[str],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(words) == 2
    assert re.search(said, _error(capsys))


def test_work_that_fails_is_one_line_and_status_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flat = tmp_path / "flat.tif"
    tifffile.imwrite(flat, np.full((64, 64), 7, np.uint16))
    words = ["train", str(flat), "--run", str(tmp_path / "run")]
    assert run(words) == 1
    assert "7" in _error(capsys)
    assert run([*words, "--json"]) == 1
    (event,) = _lines(capsys.readouterr().out)
    assert event["event"] == "failed"
    assert "7" in event["error"]


@pytest.mark.parametrize("words", [[], ["noise-model"]])
def test_nothing_asked_is_answered_with_the_help(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(words) == 2
    assert "Commands:" in capsys.readouterr().out


def test_the_version_is_the_package_s(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == 0
    assert capsys.readouterr().out == f"napari-divnoise {__version__}\n"


def test_the_demo_goes_the_whole_way(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "demo"
    words = ["demo", "--out", str(out), "--headless", "--size", "64"]
    words += ["--minutes", "0.01", "--samples", "4", "--device", "cpu", "--json"]
    assert run(words) == 0
    result = _lines(capsys.readouterr().out)[-1]
    assert result["psnr_mmse"] > result["psnr_sample"]
    pictures = {"gallery.png", "samples.gif", "loss.png", "model.divnoise"}
    images = {"noisy.tif", "truth.tif", "mmse.tif", "std.tif", "q05.tif", "q95.tif"}
    others = {"samples.tif", "summary.json", "run"}
    assert {path.name for path in out.iterdir()} == pictures | images | others
    assert tifffile.imread(out / "samples.tif").shape == (4, 64, 64)
    assert load_model(out / "model.divnoise").noise_model is not None


def test_debug_shows_the_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["info", "gone.divnoise", "--debug"]) == 2
    assert "Traceback" in capsys.readouterr().err


def test_training_leaves_a_model_and_says_what_is_next(
    cells: Path, run_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["train", str(cells), "--preset", "quick", "--run", str(run_dir), *TINY]
    assert run([*words, "--device", "cpu"]) == 0
    assert "divnoise denoise IMAGES --model" in capsys.readouterr().out
    assert load_model(run_dir).record["step"] == 12
    assert RunFolder(run_dir).state == "finished"


def test_an_existing_run_is_kept_unless_asked(
    trained: Path, cells: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["train", str(cells), "--preset", "quick", "--run", str(trained), *TINY]
    capsys.readouterr()
    assert run(words) == 2
    assert re.search("--resume.*--overwrite", _error(capsys))
    before = load_model(trained).hash
    assert run(["train", "--run", str(trained), "--resume", "--device", "cpu"]) == 0
    assert load_model(trained).hash == before
    assert run([*words, "--overwrite", "--seed", "3", "--device", "cpu"]) == 0
    assert load_model(trained).hash != before


def test_one_file_says_it_all(
    cells: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "from_file"
    folder.mkdir()
    settings = [word for word in TINY if word != "--set"]
    lines = [f"  {setting.replace('=', ': ')}" for setting in settings]
    config = folder / "run.yaml"
    text = f"images: [../{cells.name}]\npreset: quick\ndevice: cpu\nsettings:\n"
    config.write_text(text + "\n".join(lines))
    assert run(["train", "--config", str(config), "--json", "--seed", "4"]) == 0
    events = _lines(capsys.readouterr().out)
    kinds = [event["event"] for event in events]
    assert kinds[0] == "started"
    assert kinds[-1] == "finished"
    assert "progress" in kinds
    assert RunFolder(folder).events() == events
    assert load_model(folder).config.seed == 4


def test_denoising_writes_what_was_asked(
    trained: Path, cells: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    out = tmp_path / "out"
    words = ["denoise", str(cells), "--model", str(trained), "--out", str(out)]
    words += ["--samples", "5", "--save", "mmse,q05,samples:2", "--device", "cpu"]
    assert run([*words, "--json"]) == 0
    results = [e for e in _lines(capsys.readouterr().out) if e["event"] == "result"]
    names = {Path(path).name for path in results[0]["written"]}
    images = {"cells_mmse.tif", "cells_q05.tif", "cells_samples.tif"}
    assert names == images | {"cells.json"} == {path.name for path in out.iterdir()}
    assert tifffile.imread(out / "cells_samples.tif").shape == (2, 64, 64)


def test_a_file_left_out_is_status_1(
    trained: Path, cells: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "bad.tif"
    bad.write_bytes(b"no picture")
    words = ["denoise", str(bad), str(cells), "--model", str(trained)]
    words += ["--out", str(tmp_path / "out"), "--samples", "2", "--device", "cpu"]
    assert run(words) == 1
    assert "bad.tif was left out" in _error(capsys)
    assert (tmp_path / "out" / "cells_mmse.tif").exists()


def test_noise_models_are_measured_fitted_and_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rng = np.random.default_rng(0)
    signal = np.linspace(20, 200, 48 * 48).reshape(48, 48)
    frames = (100 + rng.poisson(signal, (60, 48, 48))).astype(np.uint16)
    tifffile.imwrite(tmp_path / "frames.tif", frames)
    tifffile.imwrite(tmp_path / "signal.tif", (100 + signal).astype(np.float32))
    out = tmp_path / "camera.npz"
    for words in (
        ["calibrate", str(tmp_path / "frames.tif"), "--axes", "TYX"],
        ["fit", str(tmp_path / "frames.tif"), str(tmp_path / "signal.tif")],
    ):
        words = ["noise-model", *words, "--out", str(out), "--kind", "gaussian"]
        assert run(words) == 0
        capsys.readouterr()
        assert run(["noise-model", "show", str(out), "--json"]) == 0
        (shown,) = _lines(capsys.readouterr().out)
        for row in shown["noise"][1:]:
            assert row["std"] ** 2 == pytest.approx(row["signal"] - 100, rel=0.15)
    assert run(["info", str(out)]) == 0
    assert "gaussian" in capsys.readouterr().out


def test_info_knows_models_and_runs(
    trained: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for path, kind in ((trained, "run"), (trained / "model.divnoise", "model")):
        capsys.readouterr()
        assert run(["info", str(path), "--json"]) == 0
        (facts,) = _lines(capsys.readouterr().out)
        assert facts["kind"] == kind
        assert run(["info", str(path)]) == 0
        assert re.search(r"^kind +" + kind, capsys.readouterr().out)


def test_the_doctor_speaks_to_machines_too(capsys: pytest.CaptureFixture[str]) -> None:
    status = run(["doctor", "--json"])
    findings = _lines(capsys.readouterr().out)
    assert status == int(any(finding["mend"] for finding in findings))


@pytest.mark.skipif(os.name == "nt", reason="Windows knows no SIGTERM to be caught")
def test_a_polite_kill_keeps_the_model(cells: Path, run_dir: Path) -> None:
    words = [sys.executable, "-m", "napari_divnoise", "train", str(cells), "--json"]
    words += ["--run", str(run_dir), "--preset", "quick", "--device", "cpu", *TINY]
    words += ["--set", "n_steps=1000000"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(words, stdout=subprocess.PIPE, env=environment) as child:
        assert child.stdout is not None
        first = json.loads(child.stdout.readline())
        second = json.loads(child.stdout.readline())
        child.send_signal(signal.SIGTERM)
        last = json.loads(child.stdout.read().splitlines()[-1])
    assert [first["event"], second["event"]] == ["started", "progress"]
    assert (last["event"], last["reason"]) == ("finished", "stopped")
    assert child.returncode == 0
    assert load_model(run_dir).record["step"] >= 1


@pytest.fixture
def noisy(tmp_path: Path) -> Path:
    """A file of noisy images from which a noise model can be learnt in seconds."""
    rng = np.random.default_rng(5)
    signal = 20 + 60 * np.hypot(*np.mgrid[-1:1:64j, -1:1:64j])
    path = tmp_path / "noisy.tif"
    tifffile.imwrite(path, (100 + rng.poisson(signal, (2, 64, 64))).astype(np.uint16))
    return path


def test_a_noise_model_is_bootstrapped_for_machines_to_watch(
    noisy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, pairs = tmp_path / "camera.npz", tmp_path / "pairs.npz"
    words = ["noise-model", "bootstrap", str(noisy), "--axes", "TYX", "--json"]
    words += ["--out", str(out), "--pairs", str(pairs), "--max-minutes", "0.03"]
    assert run([*words, "--kind", "gaussian", "--device", "cpu"]) == 0
    *events, result = _lines(capsys.readouterr().out)
    progress = [event for event in events if event["event"] == "progress"]
    assert result["event"] == "result"
    assert {event["stage"] for event in progress} == {"denoising", "fitting"}
    named = [event for event in progress if "noise_model" in event]
    assert {event["noise_model"] for event in named} == {str(out)}
    assert any(event.get("pairs") == str(pairs) for event in named)
    assert load_noise_model(out).kind == "gaussian"
    assert load_pairs(pairs).count.sum() > 0


def test_a_bootstrap_that_is_stopped_too_early_says_so(
    noisy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stop = tmp_path / "stop"
    stop.touch()
    words = ["noise-model", "bootstrap", str(noisy), "--stop-file", str(stop)]
    words += ["--axes", "TYX", "--out", str(tmp_path / "camera.npz")]
    assert run(words) == 1
    assert "before there was a noise model" in _error(capsys)
    assert not (tmp_path / "camera.npz").exists()


def test_cameras_are_kept_found_and_removed(
    noisy: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("DIVNOISE_LIBRARY", str(tmp_path / "library"))
    file = save_noise_model(
        GaussianNoiseModel(1.0, -100.0, 1.0, (110.0, 200.0)), tmp_path / "camera.npz"
    )
    group = ["noise-model", "library"]
    assert run([*group, "list"]) == 0
    assert "no noise models in" in capsys.readouterr().out
    add = [*group, "add", str(file), "--name", "Spinning disk", "--camera", "Kiki"]
    assert run([*add, "--images", str(noisy)]) == 0
    assert run(add) == 2
    assert "already" in _error(capsys)
    assert run([*group, "list", "--json"]) == 0
    (entry,) = _lines(capsys.readouterr().out)
    assert (entry["name"], entry["camera"]) == ("Spinning disk", "Kiki")
    assert load_noise_model(entry["path"]).kind == "gaussian"
    assert run([*group, "match", str(noisy), "--axes", "TYX"]) == 0
    assert "Spinning disk" in capsys.readouterr().out
    assert run([*group, "remove", "Spinning disk"]) == 0
    assert run([*group, "remove", "Spinning disk"]) in (1, 2)


def test_a_trained_model_is_checked_and_its_noise_fitted_again(
    trained: Path, cells: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    words = ["check", str(cells), "--model", str(trained), "--device", "cpu"]
    assert run([*words, "--json"]) == 0
    *_, result = _lines(capsys.readouterr().out)
    assert result["grade"] in ("good", "fair", "poor")
    assert len(result["pit_counts"]) == 20
    assert run(words) == 0
    assert "is what is left over noise?" in capsys.readouterr().out
    again = tmp_path / "again.npz"
    words = ["noise-model", "bootstrap", str(cells), "--model", str(trained)]
    assert run([*words, "--out", str(again), "--kind", "gaussian"]) == 0
    assert "nats per pixel" in capsys.readouterr().out
    assert load_noise_model(again).kind == "gaussian"
