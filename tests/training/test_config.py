from __future__ import annotations

import pytest
from pydantic import ValidationError

from napari_divnoise.training import PRESETS, TrainingConfig


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_is_valid_and_overridable(preset: str) -> None:
    config = TrainingConfig.from_preset(preset, shape=(4, 512, 512), kl_weight=2.0)
    assert config.preset == preset
    assert config.kl_weight == 2.0


def test_presets_grow_and_scale_with_the_data_up_to_a_limit() -> None:
    quick = TrainingConfig.from_preset("quick")
    standard = TrainingConfig.from_preset("standard")
    best = TrainingConfig.from_preset("best")
    assert quick.n_steps < standard.n_steps < best.n_steps
    assert (quick.max_minutes, standard.max_minutes, best.max_minutes) == (2, 10, 60)
    large = TrainingConfig.from_preset("quick", shape=(1000, 1024, 1024))
    assert large.max_minutes == 8


def test_the_paper_preset_is_the_published_schedule() -> None:
    paper = TrainingConfig.from_preset("paper")
    assert paper.n_steps * paper.batch_size == 22_000_000
    assert (paper.patch_size, paper.learning_rate) == (128, 1e-3)
    assert paper.precision == "float32"


def test_blind_spot_methods_have_presets_and_published_schedules_of_their_own() -> None:
    for method, n_steps, n_samples in (("n2v", 2000, 200), ("pn2v", 1000, 800)):
        paper = TrainingConfig.from_preset("paper", method=method)
        assert (paper.n_steps, paper.batch_size, paper.patch_size) == (n_steps, 20, 100)
        assert (paper.n_filters, paper.learning_rate) == (64, 1e-3)
        assert paper.n_pixel_samples == n_samples
        quick, standard, best = (
            TrainingConfig.from_preset(name, method=method)  # type: ignore[arg-type]
            for name in ("quick", "standard", "best")
        )
        assert quick.n_steps < standard.n_steps < best.n_steps
        # A step takes longer than DivNoising's: the same minutes hold fewer.
        assert quick.n_steps < TrainingConfig.from_preset("quick").n_steps
        assert quick.max_minutes == 2
    vae = TrainingConfig.from_preset("paper", method="vae")
    assert vae.n_steps == TrainingConfig.from_preset("paper").n_steps


def test_more_minutes_than_the_preset_give_more_steps() -> None:
    longer = TrainingConfig.from_preset("quick", max_minutes=30)
    assert longer.n_steps > TrainingConfig.from_preset("quick").n_steps
    assert longer.max_minutes == 30


def test_the_rate_gets_its_weight_over_the_whole_training() -> None:
    for config in (
        TrainingConfig.from_preset("quick"),
        TrainingConfig.from_preset("quick", max_minutes=30),
        TrainingConfig.from_preset("best", n_steps=777),
    ):
        assert config.kl_warmup_steps == config.n_steps
    assert TrainingConfig.from_preset("paper").kl_warmup_steps == 1000
    assert TrainingConfig.from_preset("quick", kl_warmup_steps=5).kl_warmup_steps == 5


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("n_steps", 0),
        ("learning_rate", -1),
        ("batch_size", 0),
        ("patch_size", 16),
        ("validation_fraction", 0.9),
        ("device", "gpu"),
        ("method", "magic"),
        ("depth", 9),
        ("epochs", 10),
        ("mask_share", 0.5),
        ("n_pixel_samples", 1),
    ],
)
def test_a_wrong_setting_is_named(name: str, value: object) -> None:
    with pytest.raises(ValidationError, match=name):
        TrainingConfig(**{name: value})


def test_a_patch_must_fit_the_networks_grid() -> None:
    with pytest.raises(ValidationError, match=r"multiple of 2 \*\* depth = 8.*take 72"):
        TrainingConfig(depth=3, patch_size=68)


def test_an_unknown_preset_is_refused() -> None:
    with pytest.raises(ValueError, match="quick, standard, best, paper, got 'fast'"):
        TrainingConfig.from_preset("fast")


def test_settings_cannot_be_changed_afterwards() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        TrainingConfig().n_steps = 3
