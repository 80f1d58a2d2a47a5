"""The sentence about a training's health says what is the matter."""

from __future__ import annotations

from typing import Any

from napari_divnoise.training import Progress
from napari_divnoise.widgets._health import health


def progress(step: int, n_steps: int = 2000, **changes: Any) -> Progress:
    facts: dict[str, Any] = {
        "loss": 3.0,
        "distortion": 2.9,
        "rate": 0.1,
        "validation_loss": None,
        "eta_s": 1.0,
        "elapsed_s": 1.0,
        "fraction": step / n_steps,
        "learning_rate": 1e-3,
        "kl_weight": 1.0,
        "batch_size": 8,
        "n_skipped": 0,
        "steps_per_s": 10.0,
    }
    return Progress(step=step, n_steps=n_steps, **{**facts, **changes})


def test_early_on_nothing_is_said() -> None:
    assert health([]) == ("", "")
    assert health([progress(100, rate=0.0)]) == ("", "")


def test_a_rate_of_nothing_is_a_collapse() -> None:
    tone, sentence = health([progress(1000, rate=1e-6)])
    assert tone == "warning"
    assert "samples are going to be identical" in sentence
    assert "smaller weight" in sentence


def test_many_skipped_steps_are_a_warning() -> None:
    tone, sentence = health([progress(1000, n_skipped=50)])
    assert tone == "warning"
    assert "50 of 1000" in sentence


def test_a_validation_that_no_longer_improves_lets_one_stop() -> None:
    losses = [3.2, 3.1, 3.0, *[3.0] * 17]
    history = [
        progress(100 * (n + 1), validation_loss=loss) for n, loss in enumerate(losses)
    ]
    tone, sentence = health(history)
    assert tone == "good"
    assert "you can stop now" in sentence


def test_all_well_is_said_too() -> None:
    losses = [3.2 - 0.01 * n for n in range(20)]
    history = [
        progress(100 * (n + 1), validation_loss=loss) for n, loss in enumerate(losses)
    ]
    assert health(history)[1].startswith("Healthy")


def test_without_latents_a_rate_of_nothing_is_no_collapse() -> None:
    tone, sentence = health([progress(1000, rate=0.0, kl_weight=0.0)])
    assert (tone, sentence) == ("good", "Healthy: the loss falls.")
