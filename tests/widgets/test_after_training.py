"""After a training: is what is left over noise, and is a second round worth it?"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from napari_divnoise.images import open_images
from napari_divnoise.noise import GaussianNoiseModel
from napari_divnoise.session import Session
from napari_divnoise.widgets._predictive_card import PredictiveCard
from napari_divnoise.widgets._refit_offer import RefitOffer, refit
from napari_divnoise.widgets._theme import palette, show_palette

from .test_noise_fit import finish

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from napari_divnoise.runs import Model


@pytest.fixture
def session(noisy: np.ndarray[Any, Any], model: Model) -> Session:
    images = open_images(np.stack([noisy] * 6), axes="NYX")
    return Session(images=images, model=model)


def test_the_check_says_in_words_what_is_left_over(
    qtbot: QtBot, session: Session, until: Any
) -> None:
    card = PredictiveCard(session)
    qtbot.addWidget(card)
    show_palette(card, palette("dark"))
    card.show()
    card.check_button.click()
    assert card.cancel_button.isVisible()
    until(lambda: card._plots.isVisible())
    # The network has never learned: what it leaves is not the noise it states.
    assert card.verdict.property("tone") == "bad"
    assert card.verdict.text()
    edges, shares = card.ranks._bars.getData()
    assert len(edges) == 21
    assert shares.sum() == pytest.approx(1)
    assert card.check_button.isVisible()
    session.images = open_images(np.ones((64, 64)), axes="YX")
    assert card._plots.isHidden()
    assert card.verdict.text() == ""


def test_a_check_can_be_cancelled(qtbot: QtBot, session: Session) -> None:
    card = PredictiveCard(session)
    qtbot.addWidget(card)
    card.check_button.click()
    work = card._work
    card.cancel_button.click()
    assert work is not None
    assert work.was_stopped
    qtbot.waitUntil(lambda: not work.is_running, timeout=10_000)
    assert card.verdict.text() == ""
    assert not card.check_button.isHidden()


def test_images_that_cannot_be_checked_say_why(
    qtbot: QtBot, session: Session, until: Any
) -> None:
    card = PredictiveCard(session)
    qtbot.addWidget(card)
    session.images = open_images(np.full((64, 64), np.nan, np.float32), axes="YX")
    card.check_button.click()
    until(lambda: "NaN" in card.verdict.text())
    assert card.verdict.property("tone") == "bad"


def test_without_a_noise_model_there_is_nothing_to_check(
    qtbot: QtBot, session: Session, model: Model
) -> None:
    card, offer = PredictiveCard(session), RefitOffer(session)
    for widget in (card, offer):
        qtbot.addWidget(widget)
        assert not widget.isHidden()
    session.model = replace(model, noise_model=None)
    assert card.isHidden()
    assert offer.isHidden()
    session.model = model
    session.images = None
    assert card.isHidden()
    assert offer.isHidden()


def test_a_better_noise_model_is_offered_and_taken(
    qtbot: QtBot, session: Session, model: Model, until: Any
) -> None:
    # A model whose noise model is far off: any fit to its own samples is better.
    wrong = GaussianNoiseModel(0.0, 90_000.0, 1.0, (90.0, 170.0))
    session.model = replace(model, noise_model=wrong)
    offer = RefitOffer(session)
    qtbot.addWidget(offer)
    offer.show()
    offer.try_button.click()
    assert not offer.try_button.isEnabled()
    until(offer.use_button.isVisible)
    assert "nats per pixel" in offer.words.text()
    offer.use_button.click()
    assert isinstance(session.noise_model, GaussianNoiseModel)
    assert session.noise_model.variance(np.array([120.0]))[0] < 90_000
    assert offer.use_button.isHidden()
    assert offer.words.text().endswith("Train again to use it.")


def test_of_large_stacks_a_part_is_enough(model: Model) -> None:
    rng = np.random.default_rng(0)
    pixels = rng.poisson(np.full((9, 64, 600), 100.0) + np.arange(600) % 50)
    images = open_images(pixels.astype(np.uint16), axes="NYX")
    result = finish(refit(model, images))
    assert np.isfinite(result.gain)
    assert result.sentence
