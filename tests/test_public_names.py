"""The names that people hold on to are there, and cost nothing until they are used."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module

import pytest

import napari_divnoise as dn
from napari_divnoise import runs

FROM_THE_CONTRACT = {
    "calibrate_noise_model",
    "fit",
    "fit_noise_model",
    "load_model",
    "load_noise_model",
    "psnr",
    "save_noise_model",
    "ssim",
    "train",
}


def test_the_names_of_the_contract_are_public() -> None:
    assert set(dn.__all__) >= FROM_THE_CONTRACT
    assert set(dn.__all__) <= set(dir(dn))


@pytest.mark.parametrize("name", sorted({*dn.__all__} - {"__version__"}))
def test_a_name_is_the_one_of_its_stage(name: str) -> None:
    stage = import_module(f"napari_divnoise.{dn._STAGE_OF[name]}")
    assert getattr(dn, name) is getattr(stage, name)
    assert name in stage.__all__


@pytest.mark.parametrize("name", runs.__all__)
def test_runs_keep_what_they_list(name: str) -> None:
    assert getattr(runs, name) is not None


def test_a_name_that_is_not_there_is_named() -> None:
    with pytest.raises(AttributeError, match=r"denoise.*public names are"):
        _ = dn.denoise
    with pytest.raises(AttributeError, match="nothing"):
        _ = runs.nothing


def test_a_name_is_looked_up_once() -> None:
    first = dn.psnr
    assert vars(dn)["psnr"] is first


def test_completion_loads_nothing() -> None:
    code = (
        "import sys, napari_divnoise as dn; dir(dn); dn.__version__\n"
        "assert not any(map(sys.modules.get, ('torch', 'numpy', 'napari')))"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
