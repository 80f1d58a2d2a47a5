"""A file that is dropped or opened is in the session, or told why not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from qtpy.QtCore import QObject

from napari_divnoise.noise import GaussianNoiseModel, save_noise_model
from napari_divnoise.session import Session, inbox
from napari_divnoise.widgets._loading import Loader

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from napari_divnoise.runs import Model


@pytest.fixture
def session() -> Session:
    return Session()


@pytest.fixture
def loader(qtbot: QtBot, session: Session) -> Iterator[Loader]:
    inbox.take()
    owner = QObject()
    yield Loader(session, owner)
    with qtbot.waitSignal(owner.destroyed):
        owner.deleteLater()


def test_a_dropped_model_is_loaded_with_its_noise_model(
    qtbot: QtBot, loader: Loader, session: Session, model: Model, tmp_path: Path
) -> None:
    path = model.save(tmp_path / "cells.divnoise")
    with qtbot.waitSignal(loader.loaded) as loaded:
        assert inbox.put(path)
    assert loaded.args == ["model"]
    assert session.model is not None
    assert session.model.hash == model.hash
    assert session.noise_model.describe() == model.noise_model.describe()


def test_a_dropped_noise_model_is_loaded(
    qtbot: QtBot, loader: Loader, session: Session, tmp_path: Path
) -> None:
    given = GaussianNoiseModel(1.0, 0.0, 1.0, (0.0, 9.0))
    path = save_noise_model(given, tmp_path / "camera")
    with qtbot.waitSignal(loader.loaded) as loaded:
        inbox.put(path)
    assert loaded.args == ["noise model"]
    assert session.noise_model.describe() == given.describe()


def test_what_waited_for_a_dock_is_taken(
    qtbot: QtBot, session: Session, model: Model, tmp_path: Path
) -> None:
    inbox.put(model.save(tmp_path / "cells.divnoise"))
    owner = QObject()
    loader = Loader(session, owner)
    with qtbot.waitSignal(loader.loaded):
        loader.take_waiting()
    assert inbox.take() == []
    with qtbot.waitSignal(owner.destroyed):
        owner.deleteLater()


def cut_in_half(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def of_another_version(path: Path) -> None:
    import json
    import zipfile

    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    info = json.loads(parts["model.json"])
    info["format_version"] = 99
    parts["model.json"] = json.dumps(info).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (cut_in_half, "damaged"),
        (of_another_version, "version|newer|update"),
        (lambda path: path.write_text("no model"), "model"),
        (lambda path: path.unlink(), "no "),
    ],
    ids=["cut in half", "another version", "foreign", "missing"],
)
def test_a_bad_model_file_is_told_in_words(
    qtbot: QtBot,
    loader: Loader,
    session: Session,
    model: Model,
    tmp_path: Path,
    spoil: Any,
    words: str,
) -> None:
    import re

    path = model.save(tmp_path / "cells.divnoise")
    spoil(path)
    with qtbot.waitSignal(loader.failed) as failed:
        loader.load(path)
    problem = failed.args[0]
    assert re.search(words, problem.what.lower())
    assert "Traceback" not in problem.text()
    assert session.model is None
