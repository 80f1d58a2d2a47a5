"""What a person sets is what is trained: every field, there and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from napari_divnoise.runs import RunConfig
from napari_divnoise.training import TrainingConfig
from napari_divnoise.widgets._fields import (
    LAYOUT,
    TrainingFields,
    _read,
    _write,
    settings_between,
)

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

OTHERS: dict[str, Any] = {
    "n_steps": 123,
    "max_minutes": 4.5,
    "patch_size": 96,
    "batch_size": 5,
    "learning_rate": 0.000_3,
    "kl_weight": 1.5,
    "depth": 3,
    "n_filters": 16,
    "z_channels": 8,
    "mask_share": 0.1,
    "n_pixel_samples": 64,
    "min_noise_std": 2.25,
    "augment": False,
    "validation_fraction": 0.2,
    "precision": "float32",
    "seed": 7,
}


@pytest.fixture
def fields(qtbot: QtBot) -> TrainingFields:
    fields = TrainingFields(TrainingConfig.from_preset("quick"))
    qtbot.addWidget(fields)
    return fields


def test_every_field_is_tried_here() -> None:
    assert set(OTHERS) == set(LAYOUT)


@pytest.mark.parametrize("name", LAYOUT)
def test_every_field_reaches_the_config(
    qtbot: QtBot, fields: TrainingFields, name: str
) -> None:
    with qtbot.waitSignal(fields.valueChanged) as announced:
        _write(fields.field(name), OTHERS[name])
    overrides = {name: OTHERS[name]}
    if name != "n_steps":
        overrides["n_steps"] = TrainingConfig.from_preset("quick").n_steps
    expected = TrainingConfig.from_preset("quick", **overrides)
    assert fields.value() == announced.args[0] == expected


def test_a_whole_config_goes_in_and_comes_out(fields: TrainingFields) -> None:
    config = TrainingConfig(**OTHERS, ema_decay=0.99)
    fields.setValue(config)
    assert fields.value() == config
    assert {name: _read(name, fields.field(name)) for name in LAYOUT} == OTHERS


def test_the_same_value_is_not_announced_twice(
    qtbot: QtBot, fields: TrainingFields
) -> None:
    with qtbot.assertNotEmitted(fields.valueChanged):
        fields.setValue(fields.value())


def test_no_limit_is_none_and_not_zero(fields: TrainingFields) -> None:
    _write(fields.field("max_minutes"), None)
    assert fields.value().max_minutes is None


def test_a_bad_value_is_shown_at_its_field_and_the_good_one_kept(
    qtbot: QtBot, fields: TrainingFields
) -> None:
    before = fields.value()
    with qtbot.waitSignal(fields.problemChanged) as told:
        _write(fields.field("patch_size"), 65)
    assert "68" in told.args[0]
    assert fields.field("patch_size").property("tone") == "bad"
    assert fields.value() == before
    _write(fields.field("patch_size"), 68)
    assert fields.field("patch_size").property("tone") == ""
    assert fields.value().patch_size == 68


@pytest.mark.parametrize(
    ("method", "unused"),
    [
        ("divnoising", {"mask_share", "n_pixel_samples"}),
        ("n2v", {"kl_weight", "z_channels", "n_pixel_samples", "min_noise_std"}),
        ("pn2v", {"kl_weight", "z_channels"}),
    ],
)
def test_what_a_method_does_not_ask_for_cannot_be_set(
    fields: TrainingFields, method: Any, unused: set[str]
) -> None:
    fields.setValue(TrainingConfig.from_preset("quick", method=method))
    disabled = {name for name in LAYOUT if not fields.field(name).isEnabled()}
    assert disabled == unused


def test_the_difference_is_what_the_run_file_says(fields: TrainingFields) -> None:
    shape = (1, 512, 512)
    base = TrainingConfig.from_preset("quick", shape=shape)
    wanted = base.model_copy(update={"kl_weight": 1.5, "depth": 3})
    settings = settings_between(base, wanted)
    assert settings == {"kl_weight": 1.5, "depth": 3}
    run = RunConfig(preset="quick", seed=base.seed, settings=settings)
    assert run.training_config(shape) == wanted
