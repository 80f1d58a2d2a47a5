"""The dock as a whole, in a napari window."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from npe2 import PluginManifest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QAbstractButton,
    QAbstractSpinBox,
    QComboBox,
    QLabel,
    QLineEdit,
    QMenu,
    QWidget,
)

from napari_divnoise.session import Training, inbox, session_of
from napari_divnoise.widgets._lifetime import companion_of, is_alive
from napari_divnoise.widgets._noise_ways import WAYS
from napari_divnoise.widgets._theme import palette
from napari_divnoise.widgets._trainer import Trainer
from napari_divnoise.widgets.workflow import DENOISE, NOISE, TRAIN, WorkflowWidget

from .test_preferences import MANIFEST
from .test_train_page import order_of
from .test_training import LONG

if TYPE_CHECKING:
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from napari_divnoise.runs import Model

WIDTH = 400


@pytest.fixture
def window(make_napari_viewer_proxy: Any) -> Any:
    """A napari viewer with its window, seen through the proxy that plugins get."""
    inbox.take()
    return make_napari_viewer_proxy()


def dock(viewer: Any) -> WorkflowWidget:
    widget = WorkflowWidget(viewer)
    viewer.window.add_dock_widget(widget, name="DivNoise")
    return widget


def test_it_opens_from_the_plugins_menu(
    make_napari_viewer: Any, npe2pm: Any, until: Any
) -> None:
    with npe2pm.tmp_plugin(manifest=PluginManifest.from_file(MANIFEST)):
        viewer = make_napari_viewer()
        viewer.window.plugins_menu.aboutToShow.emit()
        actions = [
            inner
            for action in viewer.window.plugins_menu.actions()
            for inner in (action.menu().actions() if action.menu() else [action])
        ]
        (ours,) = [action for action in actions if "DivNoise" in action.text()]
        ours.trigger()
        docked = list(viewer.window.dock_widgets.values())
        assert any(isinstance(widget, WorkflowWidget) for widget in docked)


def test_from_an_image_to_the_page_that_trains(
    window: Any, noisy: np.ndarray[Any, Any], qtbot: QtBot, until: Any
) -> None:
    widget = dock(window)
    until(lambda: widget.reason.text() == "Choose at least one noisy image.")
    assert not widget.next_button.isEnabled()
    window.add_image(noisy, name="cells")
    until(widget.next_button.isEnabled)
    assert widget.steps.mark(0) == "done"
    assert "cells" in widget._facts.text()
    qtbot.mouseClick(widget.next_button, Qt.MouseButton.LeftButton)
    assert widget.page == NOISE
    assert widget.reason.text() == "Press Make noise model first."
    assert not widget.next_button.isEnabled()
    widget.noise_page.choose_way("learn")
    qtbot.mouseClick(widget.next_button, Qt.MouseButton.LeftButton)
    assert widget.page == TRAIN
    until(lambda: widget.train_page.why_not_start() == "")
    assert not widget.next_button.isEnabled()
    qtbot.mouseClick(widget.steps._steps[DENOISE], Qt.MouseButton.LeftButton)
    assert widget.page == DENOISE
    assert widget.next_button.isHidden()
    qtbot.mouseClick(widget.back_button, Qt.MouseButton.LeftButton)
    assert widget.page == TRAIN
    until(lambda: "CPU" in widget._facts.text() or "GPU" in widget._facts.text())


def test_the_reason_has_room_between_the_buttons(viewer: Any, qtbot: QtBot) -> None:
    widget = WorkflowWidget(viewer)
    qtbot.addWidget(widget)
    widget.resize(WIDTH, 800)
    widget.show()
    widget.show_page(TRAIN)
    qtbot.wait(10)
    assert widget.reason.text()
    assert widget.reason.width() > 150
    assert widget.next_button.geometry().bottom() > 780


def everything_open(widget: WorkflowWidget) -> None:
    for fold in widget.findChildren(QAbstractButton):
        if type(fold).__name__ == "_FoldHead":
            fold.setChecked(True)


@pytest.mark.parametrize("page", range(4))
def test_nothing_is_cut_off_in_a_narrow_dock(
    viewer: Any, qtbot: QtBot, noisy: np.ndarray[Any, Any], until: Any, page: int
) -> None:
    viewer.add_image(noisy, name="a layer with quite a long name, as they are")
    widget = WorkflowWidget(viewer)
    qtbot.addWidget(widget)
    until(lambda: widget.train_page.form.fields is not None)
    everything_open(widget)
    widget.resize(WIDTH, 800)
    widget.show()
    widget.show_page(page)
    content = widget.pages[page]
    for way in WAYS if page == NOISE else [""]:
        if way:
            widget.noise_page.choose_way(way)
        qtbot.wait(10)
        assert_nothing_is_cut_off(content)


def assert_nothing_is_cut_off(content: QWidget) -> None:
    assert content.width() <= WIDTH
    for child in content.findChildren(QWidget):
        if not child.isVisible() or not isinstance(
            child,
            QAbstractButton | QAbstractSpinBox | QComboBox | QLineEdit | QLabel,
        ):
            continue
        right = child.mapTo(content, child.rect().topRight()).x()
        assert right <= content.width(), (child, right)
        if isinstance(child, QAbstractButton):
            assert child.width() >= child.minimumSizeHint().width() - 1, child.text()


def test_it_fits_on_a_small_screen(viewer: Any, qtbot: QtBot) -> None:
    widget = WorkflowWidget(viewer)
    qtbot.addWidget(widget)
    everything_open(widget)
    widget.show()
    for page in range(4):
        widget.show_page(page)
        assert widget.minimumSizeHint().height() <= 420
        assert widget.minimumSizeHint().width() <= WIDTH


def test_every_control_says_what_it_is_for(
    viewer: Any, qtbot: QtBot, noisy: np.ndarray[Any, Any], until: Any
) -> None:
    viewer.add_image(noisy)
    widget = WorkflowWidget(viewer)
    qtbot.addWidget(widget)
    until(lambda: widget.train_page.form.fields is not None)
    controls = [
        child
        for kind in (QAbstractButton, QAbstractSpinBox, QComboBox, QLineEdit)
        for child in widget.findChildren(kind)
        if not isinstance(child.parent(), QAbstractSpinBox | QComboBox)
        and type(child).__name__ not in ("_FoldHead",)
        and not child.objectName().startswith("qt_")
    ]
    # pyqtgraph's own menus, which we never show.
    hidden = {
        control
        for menu in widget.findChildren(QMenu)
        for control in menu.findChildren(QWidget)
    }
    controls = [control for control in controls if control not in hidden]
    assert len(controls) > 50
    silent = [child for child in controls if not child.toolTip()]
    assert not silent


def test_it_follows_the_theme(viewer: Any, qtbot: QtBot) -> None:
    widget = WorkflowWidget(viewer)
    qtbot.addWidget(widget)
    assert palette("dark").accent_text in widget.styleSheet()
    viewer.theme = "light"
    assert palette("light").accent_text in widget.styleSheet()
    assert widget.train_page.progress.plot.colors == palette("light")


def test_a_dropped_model_leads_to_the_denoise_page(
    viewer: Any, qtbot: QtBot, model: Model, tmp_path: Path, until: Any
) -> None:
    inbox.take()
    widget = WorkflowWidget(viewer)
    qtbot.addWidget(widget)
    assert inbox.put(model.save(tmp_path / "cells.divnoise"))
    until(lambda: widget.page == DENOISE)
    assert widget.session.model is not None
    assert widget.steps.mark(TRAIN) == "done"


def test_a_broken_model_file_is_a_card_and_no_box(
    viewer: Any, qtbot: QtBot, tmp_path: Path, until: Any
) -> None:
    widget = WorkflowWidget(viewer)
    qtbot.addWidget(widget)
    path = tmp_path / "cells.divnoise"
    path.write_text("nothing")
    widget.loader.load(path)
    until(lambda: widget.problem.text())
    assert not widget.problem.isHidden()
    widget.problem._on_copy_clicked()
    from qtpy.QtGui import QGuiApplication

    assert "cells.divnoise" in QGuiApplication.clipboard().text()
    widget.problem.clear()
    assert widget.problem.isHidden()


def test_the_status_line_steers_the_training_from_every_page(
    viewer: Any, qtbot: QtBot, noisy: np.ndarray[Any, Any], until: Any, home: Path
) -> None:
    viewer.add_image(noisy, name="cells")
    widget = WorkflowWidget(viewer)
    qtbot.addWidget(widget)
    session = widget.session
    until(lambda: session.images is not None)
    assert widget.status.isHidden()
    widget.trainer.start(order_of(session, home / "run", LONG))
    assert not widget.status.isHidden()
    assert widget.steps.mark(TRAIN) == "busy"
    until(lambda: session.training.activity == "running")
    widget.status.pauseClicked.emit()
    until(lambda: session.training.activity == "paused")
    assert widget.status.text().startswith("Paused run")
    widget.trainer.stop(keep=True)
    until(lambda: not session.training.is_active)
    assert widget.status.isHidden()
    assert widget.steps.mark(TRAIN) == "done"


def test_closing_the_dock_leaves_the_training_alone(
    window: Any, noisy: np.ndarray[Any, Any], until: Any, qtbot: QtBot, home: Path
) -> None:
    window.add_image(noisy, name="cells")
    widget = dock(window)
    session, trainer = widget.session, widget.trainer
    until(lambda: session.images is not None)
    trainer.start(order_of(session, home / "run", LONG))
    until(lambda: session.training.activity == "running")
    assert list(trainer.docks) == [widget]
    gone: list[bool] = []
    widget.destroyed.connect(lambda: gone.append(True))
    window.window.remove_dock_widget(widget)
    until(lambda: gone)
    assert not any(map(is_alive, trainer.docks))
    n_before = len(session.history)
    until(lambda: len(session.history) > n_before)
    again = dock(window)
    assert again.session is session
    assert again.train_page.progress.plot.n_points() > 0
    assert again.data_page.form.layers.value() == [window.layers["cells"]]
    trainer.stop(keep=True)
    until(lambda: session.model is not None)


def test_closing_napari_ends_the_work_and_keeps_what_is_best(
    make_napari_viewer: Any, noisy: np.ndarray[Any, Any], until: Any, home: Path
) -> None:
    viewer = make_napari_viewer()
    viewer.add_image(noisy, name="cells")
    session = session_of(viewer)
    widget = dock(viewer)
    until(lambda: session.images is not None)
    trainer = companion_of(viewer, Trainer)
    trainer.start(order_of(session, home / "run", LONG))
    until(lambda: session.training.activity == "running")
    work = trainer._work
    del widget
    viewer.close()
    until(lambda: not work.is_running)
    assert (home / "run" / "model.divnoise").exists()


def test_two_viewers_do_not_mix(viewer: Any, qtbot: QtBot) -> None:
    from napari.components import ViewerModel

    other = ViewerModel()
    first, second = WorkflowWidget(viewer), WorkflowWidget(other)
    for widget in (first, second):
        qtbot.addWidget(widget)
    first.session.training = Training("running")
    assert not first.status.isHidden()
    assert second.status.isHidden()
    assert first.trainer is not second.trainer


def test_commands_open_the_page_they_name(make_napari_viewer: Any, npe2pm: Any) -> None:
    from napari_divnoise.widgets import commands

    with npe2pm.tmp_plugin(manifest=PluginManifest.from_file(MANIFEST)):
        viewer = make_napari_viewer()
        for number, command in enumerate(
            (
                commands.open_data,
                commands.open_noise,
                commands.open_train,
                commands.open_denoise,
            )
        ):
            command(viewer)
            (widget,) = viewer.window.dock_widgets.values()
            assert widget.page == number
        viewer.add_image(np.ones((8, 8)))
        commands.compare(viewer)
        assert viewer.canvas.grid.enabled
        commands.compare(viewer)
        assert not viewer.canvas.grid.enabled


def test_nothing_of_ours_is_slow_in_the_window(
    viewer: Any, qtbot: QtBot, noisy: np.ndarray[Any, Any], until: Any
) -> None:
    import time

    from .test_health import progress

    viewer.add_image(noisy)
    widget = WorkflowWidget(viewer)
    qtbot.addWidget(widget)
    widget.show()
    widget.show_page(TRAIN)
    until(lambda: widget.session.images is not None)
    history = widget.session.history
    history.extend(progress(n, n_steps=10**6) for n in range(1, 5000))
    widget.session.training = Training("running", progress=history[-1])
    durations = []
    for n in range(5000, 5030):
        history.append(progress(n, n_steps=10**6))
        start = time.perf_counter()
        widget.session.training = Training("running", progress=history[-1])
        durations.append(time.perf_counter() - start)
    assert np.median(durations) < 0.016
