"""Whatever goes wrong, a person reads what, and how to go on."""

from __future__ import annotations

import errno

import pytest

from napari_divnoise.runs import RunExistsError, StorageError
from napari_divnoise.widgets._errors import ReportedError, TrainerDiedError, explain

NO_ROOM = OSError(errno.ENOSPC, "No space left on device")


class OutOfMemoryError(RuntimeError):
    """Stands for torch's, which is told by its name."""


@pytest.mark.parametrize(
    ("error", "title", "todo"),
    [
        (NO_ROOM, "The disk is full", "Free some space"),
        (MemoryError(), "Not enough memory", "smaller region"),
        (OutOfMemoryError("CUDA"), "Not enough memory", "smaller region"),
        (RunExistsError("runs/a holds a run"), "already exists", "another name"),
        (PermissionError("no"), "could not be read", "may write"),
        (KeyError("x"), "something unexpected", "as they were"),
        (
            TrainerDiedError(-9, "a\nlast words", has_checkpoint=True),
            "ended by itself",
            "press Resume",
        ),
        (TrainerDiedError(1, "", has_checkpoint=False), "ended by", "start again"),
    ],
)
def test_every_error_has_a_title_and_a_way_out(
    error: BaseException, title: str, todo: str
) -> None:
    problem = explain(error, "training")
    assert title in problem.title
    assert todo in problem.todo
    assert "Traceback" not in problem.text()


def test_our_own_errors_speak_for_themselves() -> None:
    problem = explain(ValueError("size 24 is too small: take 32"), "training")
    assert problem.text() == "Training cannot go on. Size 24 is too small: take 32."


def test_a_missing_file_is_not_said_to_be_unwritable() -> None:
    problem = explain(FileNotFoundError("no model at a: check the path"), "opening")
    assert problem.text() == "A file is not there. No model at a: check the path."


def test_a_full_disk_is_told_through_the_error_of_the_run_folder() -> None:
    error = StorageError("the disk is full: free some space")
    assert "full" in explain(error, "training").text()


def test_the_training_s_own_report_is_passed_on() -> None:
    assert "NaN at step 3" in explain(ReportedError("NaN at step 3"), "x").what


def test_the_killed_trainer_s_last_words_are_shown_and_all_are_kept() -> None:
    error = TrainerDiedError(-9, "first\nlast words", has_checkpoint=True)
    problem = explain(error, "training")
    assert "last words" in problem.what
    assert "memory" in problem.what
    assert "first" in problem.details


def test_details_hold_the_traceback_for_a_report() -> None:
    with pytest.raises(KeyError) as caught:
        {}["deep inside"]
    assert "deep inside" in explain(caught.value, "x").details
    assert "Traceback" in explain(caught.value, "x").details
