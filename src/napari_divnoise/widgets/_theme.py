"""Colours and icons that follow napari's theme, readable on dark and on light."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from napari.utils.theme import get_theme
from qtpy.QtCore import QByteArray, Qt
from qtpy.QtGui import QColor, QIcon, QPainter, QPixmap
from qtpy.QtSvg import QSvgRenderer
from qtpy.QtWidgets import QWidget

if TYPE_CHECKING:
    from collections.abc import Iterable

# WCAG 2.1, contrast of text (minimum)
READABLE = 4.5
GREEN = "#3fa66b"


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of one theme, as ``#rrggbb``.

    Attributes
    ----------
    background, surface, field, line : str
        Window, card, input field and frame, from far to near.
    text, quiet : str
        Words, and words of less weight.
    accent, on_accent : str
        The button that leads on, and the words on it.
    accent_text, good, warning, bad : str
        Words with a meaning; each has a contrast of at least 4.5 to `background`.
    """

    background: str
    surface: str
    field: str
    line: str
    text: str
    quiet: str
    accent: str
    on_accent: str
    accent_text: str
    good: str
    warning: str
    bad: str


def palette(theme: str) -> Palette:
    """Return the colours that go with napari's theme of that name."""
    model = get_theme(theme)
    background, text = model.background.as_hex("long"), model.text.as_hex("long")
    accent = model.current.as_hex("long")
    light_on_accent = contrast("#ffffff", accent) >= contrast("#101014", accent)
    return Palette(
        background=background,
        surface=model.foreground.as_hex("long"),
        field=model.primary.as_hex("long"),
        line=model.secondary.as_hex("long"),
        text=text,
        quiet=readable(mixed(text, background, 0.65), background),
        accent=accent,
        on_accent="#ffffff" if light_on_accent else "#101014",
        accent_text=readable(accent, background),
        good=readable(GREEN, background),
        warning=readable(model.warning.as_hex("long"), background),
        bad=readable(model.error.as_hex("long"), background),
    )


def contrast(first: str, second: str) -> float:
    """Return the WCAG contrast of two colours, between 1 and 21."""
    lighter, darker = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def readable(color: str, background: str) -> str:
    """Return `color`, moved to white or black until it can be read on `background`."""
    end = "#ffffff" if _luminance(background) < 0.18 else "#000000"
    for share in range(20):
        moved = mixed(end, color, share / 20)
        if contrast(moved, background) >= READABLE:
            return moved
    return end


def mixed(first: str, second: str, share: float) -> str:
    """Return the colour with `share` (0 to 1) of `first` and the rest of `second`."""
    parts = zip(QColor(first).getRgb()[:3], QColor(second).getRgb()[:3], strict=True)
    return QColor(*(round(share * a + (1 - share) * b) for a, b in parts)).name()


def _luminance(color: str) -> float:
    """Relative luminance (WCAG 2.1), 0 for black and 1 for white."""
    red, green, blue = (_linear(part / 255) for part in QColor(color).getRgb()[:3])
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.03928 else float(((part + 0.055) / 1.055) ** 2.4)


def icon(name: str, color: str, size: int = 16) -> QIcon:
    """Return our own drawing `name` (a file in resources) in one colour.

    Parameters
    ----------
    name : str
        File name without ``.svg``; the drawing says ``currentColor``.
    color : str
        ``#rrggbb``.
    size : int
        Edge in logical pixels; drawn at twice that, for dense screens.
    """
    return QIcon(_drawing(name, color, 2 * size))


@cache
def _drawing(name: str, color: str, edge: int) -> QPixmap:
    svg = files("napari_divnoise.resources").joinpath(f"{name}.svg").read_text("utf-8")
    pixmap = QPixmap(edge, edge)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    source = svg.replace("currentColor", color).encode()
    QSvgRenderer(QByteArray(source)).render(painter)
    painter.end()
    return pixmap


def set_tone(widget: QWidget, tone: str) -> None:
    """Give `widget` one of the looks of `style_sheet`, for example ``"bad"``."""
    if widget.property("tone") == tone:
        return
    widget.setProperty("tone", tone)
    style = widget.style()
    if style is not None:
        style.unpolish(widget)
        style.polish(widget)


def style_sheet(colors: Palette) -> str:
    """Return the style sheet of a dock: looks by the properties `tone` and `role`."""
    words = "".join(
        f'QLabel[tone="{tone}"] {{ color: {getattr(colors, tone)}; }}\n'
        for tone in ("quiet", "good", "warning", "bad", "accent_text")
    )
    return words + _SHEET.format_map(_as_dict(colors))


def show_palette(root: QWidget, colors: Palette) -> None:
    """Paint `root` and everything inside it in `colors`.

    A child that draws by itself has a method ``apply_palette(colors)``.
    """
    root.setStyleSheet(style_sheet(colors))
    for child in root.findChildren(QWidget):
        paint = getattr(child, "apply_palette", None)
        if paint is not None:
            paint(colors)


def _as_dict(colors: Palette) -> dict[str, str]:
    names: Iterable[str] = Palette.__slots__
    return {name: getattr(colors, name) for name in names}


_SHEET = """
QLabel {{ background: transparent; padding: 0px; margin: 0px; }}
QLabel[role="heading"] {{ font-weight: bold; }}
QLabel[role="question"] {{ font-weight: bold; font-size: 11pt; }}
QFrame[role="card"] {{
    background: {surface}; border-radius: 5px; padding: 0px;
}}
QFrame[role="card"] QLabel, QFrame[role="card"] QWidget[role="plain"] {{
    background: transparent;
}}
QFrame[role="rule"] {{
    background: {field}; max-height: 1px; min-height: 1px; padding: 0px; margin: 0px;
}}
QScrollArea[role="plain"] {{ background: transparent; }}
QPushButton {{ padding: 5px 10px; border-radius: 3px; }}
QPushButton[role="primary"] {{
    background: {accent}; color: {on_accent}; font-weight: bold;
}}
QPushButton[role="primary"]:hover {{ background: {accent_text}; color: {background}; }}
QPushButton[role="primary"]:disabled {{
    background: {surface}; color: {quiet}; border: 1px solid {field};
}}
QPushButton[role="link"] {{
    background: transparent; color: {accent_text}; padding: 2px 0px; text-align: left;
    text-decoration: underline;
}}
QPushButton[role="link"]:hover {{ color: {text}; }}
QPushButton[role="link"]:disabled {{ color: {quiet}; }}
QPushButton[role="segment"] {{ border-radius: 0px; padding: 4px 10px; }}
QPushButton[role="segment"]:checked {{ background: {accent}; color: {on_accent}; }}
QToolButton {{
    background: transparent; border: 0px; padding: 2px; border-radius: 3px;
}}
QToolButton:hover {{ background: {field}; }}
QLineEdit[tone="bad"], QSpinBox[tone="bad"], QDoubleSpinBox[tone="bad"],
QComboBox[tone="bad"], QFrame[role="card"][tone="bad"] {{ border: 1px solid {bad}; }}
"""
