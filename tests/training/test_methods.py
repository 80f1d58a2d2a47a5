from __future__ import annotations

import subprocess
import sys

import pytest

from napari_divnoise.networks import KINDS
from napari_divnoise.training import (
    METHODS,
    TrainingConfig,
    has_posterior,
    needs_noise_model,
    network_kind,
)


def test_the_table_says_what_each_method_needs_and_gives() -> None:
    assert {name for name in METHODS if needs_noise_model(name)} == {
        "divnoising",
        "pn2v",
    }
    assert [name for name in METHODS if not has_posterior(name)] == ["n2v"]
    assert {network_kind(name) for name in METHODS} == set(KINDS)


@pytest.mark.parametrize("method", METHODS)
def test_every_method_of_the_table_has_settings(method: str) -> None:
    assert TrainingConfig.from_preset("quick", method=method).method == method


@pytest.mark.parametrize("ask", [needs_noise_model, has_posterior, network_kind])
def test_an_unknown_method_is_named(ask: object) -> None:
    with pytest.raises(ValueError, match="divnoising, vae, n2v, pn2v, got 'n3v'"):
        ask("n3v")  # type: ignore[operator]


def test_the_table_is_read_without_torch() -> None:
    code = (
        "import sys; sys.modules['torch'] = None; "
        "from napari_divnoise.training import needs_noise_model; "
        "assert not needs_noise_model('n2v')"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
