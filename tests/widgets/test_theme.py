"""Every word can be read and every icon seen, on dark and on light."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

import pytest
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QLabel, QWidget

from napari_divnoise.widgets._theme import (
    READABLE,
    contrast,
    icon,
    mixed,
    palette,
    readable,
    set_tone,
    show_palette,
)

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

ICONS = [
    path.name.removesuffix(".svg")
    for path in files("napari_divnoise.resources").iterdir()
    if path.name.endswith(".svg") and path.name != "logo.svg"
]


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize(
    "tone", ["text", "quiet", "good", "warning", "bad", "accent_text"]
)
def test_words_can_be_read(qtbot: QtBot, theme: str, tone: str) -> None:
    colors = palette(theme)
    assert contrast(getattr(colors, tone), colors.background) >= READABLE


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_the_words_of_the_main_button_can_be_read(qtbot: QtBot, theme: str) -> None:
    colors = palette(theme)
    assert contrast(colors.on_accent, colors.accent) >= READABLE


def test_contrast_is_that_of_wcag() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def test_a_readable_colour_is_left_alone() -> None:
    assert readable("#ffffff", "#000000") == "#ffffff"
    assert mixed("#000000", "#ffffff", 0.5) == "#808080"


@pytest.mark.parametrize("name", ICONS)
def test_every_icon_is_drawn_in_the_colour_asked_for(qtbot: QtBot, name: str) -> None:
    image = icon(name, "#ff0000", 16).pixmap(32, 32).toImage()
    pixels = [
        image.pixelColor(x, y)
        for x in range(image.width())
        for y in range(image.height())
    ]
    drawn = [pixel for pixel in pixels if pixel.alpha() > 128]
    assert len(drawn) > 20
    assert all(pixel.red() > 200 and pixel.green() < 60 for pixel in drawn)


def test_a_tone_changes_the_colour_of_words(qtbot: QtBot) -> None:
    root = QWidget()
    qtbot.addWidget(root)
    label = QLabel("x", root)
    show_palette(root, palette("dark"))
    set_tone(label, "bad")
    label.ensurePolished()
    assert label.palette().color(label.foregroundRole()) == QColor(palette("dark").bad)
