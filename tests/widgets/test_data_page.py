"""The Data page: the choice becomes the session's images, or a reason."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile

from napari_divnoise.session import Session
from napari_divnoise.widgets.data_page import LOOKING, DataPage

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from napari.components import ViewerModel
    from pytestqt.qtbot import QtBot


@pytest.fixture
def session() -> Session:
    return Session()


@pytest.fixture
def page(
    qtbot: QtBot, viewer: ViewerModel, session: Session, until: Any
) -> Callable[[], DataPage]:
    """Make the page once the layers are there, and wait for its verdict."""

    def make() -> DataPage:
        page = DataPage(viewer, session)
        qtbot.addWidget(page)
        for event in ("inserted", "removed", "renamed"):
            getattr(viewer.layers.events, event).connect(page.reset_choices)
        until(lambda: page.reason() not in ("", LOOKING) or session.images is not None)
        return page

    return make


def test_an_image_is_chosen_checked_and_handed_to_the_session(
    page: Any, viewer: ViewerModel, session: Session, noisy: np.ndarray[Any, Any]
) -> None:
    viewer.add_image(noisy, name="cells", axis_labels=("y", "x"))
    made = page()
    assert made.reason() == ""
    assert made.verdict.text().startswith("1 image of 64x64, uint16")
    assert session.images is not None
    assert session.images.names == ("cells",)
    assert [source.name for source in session.sources] == ["cells"]
    assert session.axes == "YX"
    np.testing.assert_array_equal(session.images.plane(0), noisy)


def test_without_an_image_the_reason_is_given(page: Any) -> None:
    assert page().reason() == "Choose at least one noisy image."


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda x: np.full_like(x, 7), "7"),
        (lambda x: x[:24, :24], "24"),
        (lambda x: np.where(x > 120, np.nan, x).astype(np.float32), "NaN"),
    ],
    ids=["constant", "small", "nan"],
)
def test_bad_pixels_stop_here_with_the_reason(
    page: Any,
    viewer: ViewerModel,
    session: Session,
    noisy: np.ndarray[Any, Any],
    spoil: Any,
    words: str,
) -> None:
    viewer.add_image(spoil(noisy), contrast_limits=(0, 200))
    made = page()
    assert words in made.reason()
    assert made.verdict.property("tone") == "bad"
    assert session.images is None


def test_a_colour_picture_turns_its_row_red(
    page: Any, viewer: ViewerModel, session: Session, until: Any
) -> None:
    rgb = viewer.add_image(np.zeros((64, 64, 3), np.uint8), rgb=True, name="photo")
    made = page()
    made.form.layers.setValue([rgb])
    until(lambda: "RGB" in made.reason())
    assert made.reason().startswith("photo: ")
    assert session.images is None


def test_layers_of_different_sizes_are_refused(
    page: Any, viewer: ViewerModel, noisy: np.ndarray[Any, Any], until: Any
) -> None:
    layers = [viewer.add_image(noisy), viewer.add_image(noisy[:60])]
    made = page()
    made.form.layers.setValue(layers)
    until(lambda: "differ in size (60x64, 64x64)" in made.reason())


def test_a_wrong_axis_is_refused_and_a_right_one_accepted(
    page: Any, viewer: ViewerModel, noisy: np.ndarray[Any, Any], until: Any
) -> None:
    viewer.add_image(np.stack([noisy] * 5), axis_labels=("t", "y", "x"))
    made = page()
    assert made.reason() == ""
    made.form.axes.setValue("YTX")
    until(lambda: "5" in made.reason() and made.reason() != LOOKING)
    made.form.axes.setValue("ZYX")
    until(lambda: made.reason() == "")


def test_axes_are_written_to_the_layer_on_request(
    page: Any, viewer: ViewerModel, noisy: np.ndarray[Any, Any]
) -> None:
    layer = viewer.add_image(np.stack([noisy] * 5))
    made = page()
    assert not made.form.write_button.isHidden()
    made.form.write_button.click()
    assert layer.axis_labels == tuple(made.form.axes.value().lower())
    assert made.form.write_button.isHidden()


def test_a_channel_is_asked_for_and_kept(
    page: Any,
    viewer: ViewerModel,
    session: Session,
    noisy: np.ndarray[Any, Any],
    until: Any,
) -> None:
    viewer.add_image(np.stack([noisy, noisy + 9]), axis_labels=("c", "y", "x"))
    made = page()
    assert not made.form.channel.isHidden()
    made.form.channel.setCurrentIndex(1)
    until(lambda: session.channel == 1 and made.reason() == "")
    np.testing.assert_array_equal(session.images.plane(0), noisy + 9)


def test_a_region_is_cut_and_remembered(
    page: Any,
    viewer: ViewerModel,
    session: Session,
    noisy: np.ndarray[Any, Any],
    until: Any,
) -> None:
    viewer.add_image(noisy)
    box = np.array([[8, 16], [8, 60], [50, 60], [50, 16]])
    viewer.add_shapes([box], name="roi")
    made = page()
    made.form.region.setCurrentText("shapes: roi")
    until(lambda: session.images is not None and session.images.size == (42, 44))
    assert session.sources[0].corner == (8, 16)


def test_files_are_opened(
    page: Any,
    session: Session,
    tmp_path: Path,
    noisy: np.ndarray[Any, Any],
    until: Any,
) -> None:
    path = tmp_path / "cells.tif"
    tifffile.imwrite(path, noisy)
    made = page()
    made.form.kind.setValue("files")
    made.form.files.setValue(str(path))
    until(lambda: session.images is not None)
    assert session.files == (str(path),)
    assert session.images.names == ("cells",)
    assert made.form.axes.value() == "YX"


def test_a_missing_file_is_told_at_the_field(
    page: Any, tmp_path: Path, until: Any
) -> None:
    made = page()
    made.form.kind.setValue("files")
    made.form.files.setValue(str(tmp_path / "nowhere.tif"))
    until(lambda: "nowhere.tif" in made.reason())
    assert "nowhere.tif" in made.form.files._problem.text()


def test_a_deleted_layer_leaves_a_reason_and_no_images(
    page: Any,
    viewer: ViewerModel,
    session: Session,
    noisy: np.ndarray[Any, Any],
    until: Any,
) -> None:
    layer = viewer.add_image(noisy)
    made = page()
    viewer.layers.remove(layer)
    until(lambda: made.reason() == "Choose at least one noisy image.")
    assert session.images is None


def test_a_page_opened_again_shows_what_was_chosen(
    qtbot: QtBot,
    page: Any,
    viewer: ViewerModel,
    session: Session,
    noisy: np.ndarray[Any, Any],
    until: Any,
) -> None:
    layers = [viewer.add_image(noisy, name=name) for name in "abc"]
    first = page()
    first.form.layers.setValue(layers[1:])
    until(lambda: len(session.sources) == 2)
    again = DataPage(viewer, session)
    qtbot.addWidget(again)
    assert again.form.layers.value() == layers[1:]
    until(lambda: again.reason() == "")


def test_the_method_is_explained_and_kept(page: Any, session: Session) -> None:
    made = page()
    made.method.setValue("vae")
    assert session.method == "vae"
    assert "baseline" in made.method.words.text()
