"""What the form says is the run that is trained, under a name that is free."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from napari_divnoise.images import open_images
from napari_divnoise.runs import RunConfig, RunFolder
from napari_divnoise.session import Session
from napari_divnoise.widgets._looking import renamed
from napari_divnoise.widgets._ready import Ready, get_ready
from napari_divnoise.widgets._train_form import TrainForm, free_name, minutes, slug

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from pytestqt.qtbot import QtBot


@pytest.fixture(scope="module")
def ready() -> Ready:
    return get_ready()


@pytest.fixture
def session(noisy: np.ndarray[Any, Any]) -> Session:
    images = renamed(open_images(noisy, axes="YX"), ("my cells (1)",))
    return Session(images=images, axes="YX")


@pytest.fixture
def form(qtbot: QtBot, session: Session, ready: Ready) -> TrainForm:
    form = TrainForm(session)
    qtbot.addWidget(form)
    form.set_ready(ready)
    return form


def test_before_it_is_ready_it_says_so(qtbot: QtBot, session: Session) -> None:
    form = TrainForm(session)
    qtbot.addWidget(form)
    assert form.reason() == "Getting ready..."


def test_the_run_is_named_after_its_images(form: TrainForm, home: Path) -> None:
    assert form.run_name.text() == "my-cells-(1)-1"
    assert form.folder() == home / "divnoise-runs" / "my-cells-(1)-1"
    assert form.reason() == ""


def test_what_a_preset_means_is_said(form: TrainForm) -> None:
    form.preset.setValue("quick")
    assert form._means.text().startswith("At most 2 min: up to 3,000 steps of 8")


@pytest.mark.parametrize("preset", ["quick", "standard", "best", "paper"])
def test_a_preset_is_trained_as_the_command_line_trains_it(
    form: TrainForm, preset: str
) -> None:
    form.preset.setValue(preset)
    shape = (1, 64, 64)
    config = form.config()
    assert config.training_config(shape) == form.fields.value()
    by_hand = RunConfig(preset=preset, seed=config.seed).training_config(shape)
    assert config.training_config(shape) == by_hand


def test_fewer_steps_are_a_shorter_warm_up_too(form: TrainForm) -> None:
    form.fields.field("n_steps").setValue(50)
    form.fields.field("max_minutes").setValue(0)
    config = form.config().training_config((1, 64, 64))
    assert config == form.fields.value()
    assert (config.n_steps, config.max_minutes) == (50, None)
    assert config.kl_warmup_steps <= 50


def test_settings_and_device_reach_the_run(form: TrainForm) -> None:
    form.fields.field("n_steps").setValue(99)
    form.fields.field("seed").setValue(5)
    form.device.setCurrentText("cpu")
    form.previews.setChecked(False)
    config = form.config()
    assert (config.seed, config.device, config.previews) == (5, "cpu", False)
    assert config.training_config((1, 64, 64)).n_steps == 99


def test_a_device_that_is_not_there_cannot_be_chosen(
    form: TrainForm, ready: Ready
) -> None:
    for number in range(form.device.count()):
        item = form.device.model().item(number)
        assert item.isEnabled() == (item.text() not in ready.missing)


def test_a_name_that_is_taken_is_told_at_the_field(form: TrainForm) -> None:
    folder = RunFolder(form.folder())
    folder.create(form.config())
    folder.announce("started", step=0)
    form.run_name.setText("other")
    form.run_name.setText(folder.path.name)
    assert form.run_name.property("tone") == "bad"
    assert "choose another name" in form._where.text()
    assert form.reason() == "This run exists: choose another name."
    form.propose_name()
    assert form.run_name.text() == "my-cells-(1)-2"


def test_a_person_s_name_is_kept(qtbot: QtBot, form: TrainForm) -> None:
    form.run_name.clear()
    qtbot.keyClicks(form.run_name, "mine")
    form.refresh()
    assert form.run_name.text() == "mine"


def test_a_name_cannot_leave_the_folder_of_runs(form: TrainForm, home: Path) -> None:
    form.run_name.setText("../../etc")
    assert form.folder().parent == home / "divnoise-runs"


def test_a_bad_setting_opens_the_fold_and_stops_the_start(form: TrainForm) -> None:
    form.fields.field("patch_size").setValue(65)
    assert form._more.isVisibleTo(form)
    assert "out of its range" in form.reason()


@pytest.mark.parametrize(
    ("number", "words"),
    [(0.4, "24 s"), (1.4, "84 s"), (14.2, "14 min"), (65, "1 h 5 min"), (120, "2 h")],
)
def test_durations_are_said_as_people_say_them(number: float, words: str) -> None:
    assert minutes(number) == words


def test_names_of_folders(tmp_path: Path) -> None:
    assert slug("a/b: c*") == "a-b-c"
    assert slug("///") == "run"
    (tmp_path / "a-1").mkdir()
    assert free_name(tmp_path, "a") == "a-2"
