"""The card of the noise check: words, colours, plots; and the method that it picks."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from qtpy.QtCore import QPointF

import napari_divnoise as dn
from napari_divnoise.session import Session
from napari_divnoise.training import METHODS as KNOWN
from napari_divnoise.widgets import _looking
from napari_divnoise.widgets._check_plots import NeighbourMap
from napari_divnoise.widgets._method_choice import AUTO, MethodChoice
from napari_divnoise.widgets._methods import METHOD_WORDS, METHODS, method_for
from napari_divnoise.widgets._noise_card import VERDICTS, NoiseCard
from napari_divnoise.widgets._theme import contrast, palette, show_palette
from napari_divnoise.widgets.data_page import DataPage

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from pytestqt.qtbot import QtBot

    from napari_divnoise import NoiseReport


@pytest.fixture(scope="module")
def plain() -> NoiseReport:
    """The report on noise that DivNoising fits."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:128, :128]
    signal = 20.0 + 160 * (np.hypot(y % 32 - 16, x % 32 - 16) < 10)
    report = dn.inspect_noise(rng.poisson(signal).astype(np.uint16))
    assert report.recommended_method == "divnoising"
    return report


@pytest.fixture(scope="module")
def striped() -> NoiseReport:
    """The report on noise that runs along rows."""
    rng = np.random.default_rng(0)
    image = rng.poisson(90, (128, 128)) + rng.normal(0, 9, (128, 1))
    report = dn.inspect_noise(image.astype(np.float32))
    assert report.verdict == "rows"
    return report


@pytest.fixture
def card(qtbot: QtBot) -> NoiseCard:
    card = NoiseCard()
    qtbot.addWidget(card)
    show_palette(card, palette("dark"))
    return card


def test_a_report_is_told_in_words_with_a_colour_and_drawn(
    card: NoiseCard, plain: NoiseReport
) -> None:
    assert card.isHidden()
    card.wait()
    assert card.verdict.property("tone") == "quiet"
    card.show_report(replace(plain, notes=("One.", "Two.")))
    assert card.verdict.property("tone") == "good"
    assert card.reason.text() == plain.reason
    assert card.notes.text() == "One.\nTwo."
    assert card.notes.property("tone") == "warning"
    drawn_x, drawn_y = card.variance._points.getData()
    np.testing.assert_array_equal(drawn_x, plain.levels)
    np.testing.assert_array_equal(drawn_y, plain.variances)
    _, line = card.variance._line.getData()
    slope, intercept = plain.mean_variance
    assert line[-1] == pytest.approx(slope * plain.levels[-1] + intercept)
    assert f"{slope:.3g} × signal" in card.numbers.text()


def test_every_verdict_has_its_words(card: NoiseCard, plain: NoiseReport) -> None:
    for verdict, (words, tone) in VERDICTS.items():
        card.show_report(replace(plain, verdict=verdict))  # type: ignore[arg-type]
        assert card.verdict.text() == words
        assert card.verdict.property("tone") == tone


def test_a_problem_and_no_image_leave_no_old_figures(
    card: NoiseCard, plain: NoiseReport
) -> None:
    card.show_report(plain)
    card.show_problem("No noise was found.")
    assert card.verdict.text() == "No noise was found."
    assert card.numbers.isHidden()
    assert card.report is None
    assert card.variance._points.getData()[0].size == 0
    card.clear()
    assert card.isHidden()


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_the_map_is_readable_and_says_what_is_under_the_mouse(
    qtbot: QtBot, theme: str
) -> None:
    table = np.zeros((7, 7))
    table[3, 3], table[3, 4], table[3, 2], table[4, 3] = 1.0, 0.48, 0.48, -0.3
    shown = NeighbourMap()
    qtbot.addWidget(shown)
    shown.apply_palette(palette(theme))
    shown.setValue(table)
    shown.resize(160, 150)
    picture = shown.grab().toImage()

    def color(row: int, column: int) -> str:
        """Return the colour of a field in its corner, where no number stands."""
        place = shown._field(row, column).topLeft()
        scale = picture.devicePixelRatio()
        x, y = int((place.x() + 2) * scale), int((place.y() + 2) * scale)
        return picture.pixelColor(x, y).name()

    assert color(3, 4) == color(3, 2) == shown.color_of(0.48)
    assert color(4, 3) == shown.color_of(-0.3) != color(3, 4)
    assert color(0, 0) == shown.color_of(0.0)
    assert contrast(color(3, 4), color(0, 0)) > 1.5
    assert shown.words_at(shown._field(3, 4).center()) == (
        "+1 columns, +0 rows away: correlation 0.480"
    )
    assert shown.words_at(QPointF(0, 0)) == ""


# ------------------------------------------------------------------ the method


@pytest.fixture
def choice(qtbot: QtBot) -> MethodChoice:
    choice = MethodChoice()
    qtbot.addWidget(choice)
    return choice


def test_every_method_of_this_version_is_offered_in_words() -> None:
    assert set(METHODS) == set(KNOWN) == set(METHOD_WORDS)


def test_auto_takes_what_the_noise_asks_for(
    choice: MethodChoice, plain: NoiseReport
) -> None:
    assert choice.is_auto
    chosen = []
    choice.valueChanged.connect(chosen.append)
    choice.show_report(replace(plain, recommended_method="n2v"))
    choice.show_report(plain)
    assert chosen == ["n2v", "divnoising"]
    assert choice.words.text().startswith("DivNoising: ")


@pytest.mark.parametrize(
    ("wanted", "words", "tone"),
    [
        ("hdn", "HDN would fit", "warning"),
        ("cosdd", "keep the stripes", "warning"),
        ("hdn36", "keep the pattern", "warning"),
        (None, "No method fits", "bad"),
    ],
)
def test_what_this_version_lacks_is_said(
    choice: MethodChoice, plain: NoiseReport, wanted: str | None, words: str, tone: str
) -> None:
    report = replace(plain, recommended_method=wanted)
    choice.show_report(report)
    assert choice.value() == method_for(report) == "divnoising"
    assert words in choice.words.text()
    assert choice.words.property("tone") == tone


def test_a_choice_of_ones_own_stays_and_auto_says_why_it_disagrees(
    choice: MethodChoice, plain: NoiseReport, striped: NoiseReport
) -> None:
    choice.setValue("vae")
    choice.show_report(striped)
    assert choice.value() == "vae"
    assert "COSDD would fit" in choice.words.text()
    assert striped.reason in choice.words.text()
    choice.setValue("divnoising")
    choice.show_report(plain)
    assert "disagrees" not in choice.words.text()
    choice.setValue(AUTO)
    assert choice.is_auto


# ------------------------------------------------------------------ the page


@pytest.fixture
def session() -> Session:
    return Session()


def test_the_page_checks_the_noise_behind_the_facts(
    qtbot: QtBot,
    viewer: ViewerModel,
    session: Session,
    noisy: np.ndarray[Any, Any],
    until: Any,
) -> None:
    viewer.add_image(noisy)
    page = DataPage(viewer, session)
    qtbot.addWidget(page)
    until(lambda: session.images is not None)
    assert page.reason() == ""
    assert session.noise_report is None
    assert page.noise.verdict.text() == "Checking the noise..."
    until(lambda: session.noise_report is not None)
    assert page.noise.report is session.noise_report
    assert session.noise_report.verdict == "pixelwise"
    assert session.method_is_auto
    page.method.setValue("vae")
    assert (session.method, session.method_is_auto) == ("vae", False)
    viewer.layers.clear()
    page.reset_choices()
    until(lambda: session.images is None)
    assert session.noise_report is None
    assert page.noise.isHidden()
    again = DataPage(viewer, session)
    qtbot.addWidget(again)
    assert again.method.value() == "vae"
    assert not again.method.is_auto


def test_what_cannot_be_checked_is_said_and_stops_nothing(
    qtbot: QtBot,
    viewer: ViewerModel,
    session: Session,
    until: Any,
) -> None:
    viewer.add_image(np.add.outer(np.arange(64.0), np.arange(64.0)))
    page = DataPage(viewer, session)
    qtbot.addWidget(page)
    until(lambda: page.noise.verdict.property("tone") == "warning")
    assert "no noise was found" in page.noise.verdict.text().lower()
    assert page.reason() == ""
    assert session.images is not None


def test_an_older_check_does_not_overtake_a_newer_choice(
    qtbot: QtBot,
    viewer: ViewerModel,
    session: Session,
    noisy: np.ndarray[Any, Any],
    until: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import threading

    from napari_divnoise.widgets import data_page

    may_go_on = threading.Event()

    def slow(images: Any) -> Any:
        yield None
        if images.size == (64, 64):
            may_go_on.wait(20)
        return (yield from _looking.check_noise(images))

    monkeypatch.setattr(data_page, "check_noise", slow)
    first, second = viewer.add_image(noisy), viewer.add_image(noisy[:60, :60])
    page = DataPage(viewer, session)
    qtbot.addWidget(page)
    page.form.layers.setValue([first])
    until(lambda: session.images is not None and session.images.size == (64, 64))
    older = page._checking
    page.form.layers.setValue([second])
    until(lambda: session.noise_report is not None)
    newer = session.noise_report
    may_go_on.set()
    until(lambda: not older.is_running)
    assert session.noise_report is newer
