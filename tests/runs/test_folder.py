"""A run's folder: never overwritten unasked, and read by whoever watches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from napari_divnoise.runs import RunConfig, RunExistsError, RunFolder, StorageError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(run_dir: Path) -> RunFolder:
    folder = RunFolder(run_dir)
    folder.create(RunConfig(images=("a.tif",)))
    return folder


def test_nothing_is_made_before_create(run_dir: Path) -> None:
    folder = RunFolder(run_dir)
    assert folder.state == "empty"
    assert folder.events() == []
    assert folder.previews() == []
    assert not run_dir.exists()


def test_the_config_is_kept(folder: RunFolder) -> None:
    assert folder.state == "ready"
    kept = RunConfig.from_yaml(folder.config_path)
    assert kept.images == (str(folder.path / "a.tif"),)


def test_a_folder_with_only_a_config_is_free(folder: RunFolder) -> None:
    folder.create(RunConfig(seed=5))
    assert RunConfig.from_yaml(folder.config_path).seed == 5


def test_a_run_is_not_overwritten_unasked(folder: RunFolder) -> None:
    folder.announce("started", step=0)
    with pytest.raises(RunExistsError, match=r"--resume.*--overwrite"):
        folder.create(RunConfig())
    assert folder.events()[0]["event"] == "started"


def test_overwriting_removes_the_run_and_nothing_else(folder: RunFolder) -> None:
    folder.announce("started", step=0)
    folder.checkpoint_path.write_bytes(b"x")
    folder.write_preview(0, np.zeros((4, 3, 3), np.float32))
    folder.hand_over(np.zeros((2, 3, 3), np.uint8))
    notes = folder.path / "notes.txt"
    notes.write_text("mine")
    folder.create(RunConfig(), overwrite=True)
    assert not folder.holds_a_run
    assert folder.previews() == []
    assert notes.read_text() == "mine"
    assert folder.images_path.exists()


def test_the_state_is_that_of_the_last_event(folder: RunFolder) -> None:
    folder.announce("started", step=0)
    assert folder.state == "broken off"
    with folder.locked():
        assert folder.state == "running"
        folder.announce("paused")
        assert folder.state == "paused"
    folder.announce("finished", reason="stopped", step=3, model="model.divnoise")
    assert folder.state == "stopped"
    folder.announce("finished", reason="done", step=9, model="model.divnoise")
    assert folder.state == "finished"
    folder.announce_failure(ValueError("no"))
    assert folder.state == "failed"


def test_a_failure_is_told_with_its_traceback_in_the_log(folder: RunFolder) -> None:
    folder.announce("started", step=0)
    try:
        raise ValueError("grey values ran out")
    except ValueError as error:
        folder.announce_failure(error)
    assert folder.events()[-1]["error"] == "grey values ran out"
    assert "Traceback" in folder.log_path.read_text()


def test_a_failure_before_the_start_leaves_the_folder_free(folder: RunFolder) -> None:
    folder.announce_failure(ValueError("no such image"))
    assert folder.state == "failed"
    assert not folder.holds_a_run
    folder.create(RunConfig(seed=3))
    assert folder.state == "ready"
    assert folder.events() == []


def test_a_request_made_before_the_start_is_kept(folder: RunFolder) -> None:
    folder.request_stop()
    folder.create(RunConfig())
    assert folder.stop_requested


def test_listeners_hear_every_event(run_dir: Path) -> None:
    heard: list[dict[str, Any]] = []
    folder = RunFolder(run_dir, echo=heard.append)
    folder.create(RunConfig())
    folder.announce("started", step=0)
    folder.tell("progress", step=1)
    assert [event["event"] for event in heard] == ["started", "progress"]
    assert [event["event"] for event in folder.events()] == ["started"]


def test_requests_are_files(folder: RunFolder) -> None:
    assert not folder.stop_requested
    folder.request_pause()
    assert folder.pause_requested
    assert (folder.path / "pause").exists()
    folder.request_continue()
    assert not folder.pause_requested
    folder.request_stop()
    assert (folder.path / "stop").exists()
    folder.clear_requests()
    assert not folder.stop_requested


def test_previews_come_back_in_order(folder: RunFolder) -> None:
    for number in range(11):
        views = np.full((4, 5, 6), number, np.float32)
        assert folder.write_preview(number, views).name == f"{number:04d}.npy"
    values = [np.load(path)[0, 0, 0] for path in folder.previews()]
    assert values == list(range(11))


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    folder = RunFolder(tmp_path / "file" / "run")
    with pytest.raises(StorageError, match="folder you may write to"):
        folder.create(RunConfig())
    with pytest.raises(StorageError, match="folder you may write to"):
        folder.locked()


def test_a_run_says_what_it_is(folder: RunFolder) -> None:
    folder.write_provenance({"run_id": "abc", "versions": {"torch": "2"}})
    folder.announce("finished", reason="done", step=9, model="model.divnoise")
    facts = folder.describe()
    assert facts["state"] == "finished"
    assert (facts["run_id"], facts["step"]) == ("abc", 9)
