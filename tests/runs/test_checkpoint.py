"""A checkpoint is whole, knows what it is of, and refuses anything else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from napari_divnoise.runs import StorageError
from napari_divnoise.runs.checkpoint import check_same, load_checkpoint, save_checkpoint

IDENTITY = {
    "data_hash": "aa",
    "noise_model": "learn",
    "training": {"n_steps": 10, "device": "cpu", "max_minutes": None},
}


def _state() -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    weight = torch.randn((2, 3, 4, 4), generator=generator)
    return {
        "weight": weight.contiguous(memory_format=torch.channels_last),
        "number.step": torch.tensor(7.0, dtype=torch.float64),
    }


def test_tensors_and_identity_come_back(tmp_path: Path) -> None:
    path = tmp_path / "c.safetensors"
    save_checkpoint(path, _state(), IDENTITY)
    state, identity = load_checkpoint(path)
    assert identity == IDENTITY
    for name, tensor in _state().items():
        assert state[name].dtype == tensor.dtype
        assert torch.equal(state[name], tensor)


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.999])
def test_a_checkpoint_cut_short_names_the_way_out(tmp_path: Path, share: float) -> None:
    path = tmp_path / "c.safetensors"
    save_checkpoint(path, _state(), IDENTITY)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(ValueError, match=r"damaged.*model\.divnoise.*--overwrite"):
        load_checkpoint(path)


def test_another_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "c.safetensors"
    heading = {"format": "napari-divnoise checkpoint", "format_version": "9"}
    save_file(_state() | {"weight": torch.zeros(2)}, path, heading)
    with pytest.raises(ValueError, match="version 9"):
        load_checkpoint(path)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has it")
def test_a_full_disk_leaves_the_checkpoint_before(tmp_path: Path) -> None:
    path = tmp_path / "c.safetensors"
    save_checkpoint(path, _state(), IDENTITY)
    (tmp_path / "c.safetensors.partial").symlink_to("/dev/full")
    with pytest.raises(StorageError, match="no space left"):
        save_checkpoint(path, _state(), {**IDENTITY, "data_hash": "bb"})
    assert load_checkpoint(path)[1] == IDENTITY


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"data_hash": "bb"}, "images are not those"),
        ({"noise_model": "mixture"}, "noise model is not the one"),
        ({"training": {"n_steps": 20}}, "n_steps 10 -> 20"),
    ],
)
def test_what_differs_is_named(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        check_same(IDENTITY, {**IDENTITY, **changes})


def test_where_and_how_long_may_change() -> None:
    training = {"n_steps": 10, "device": "cuda", "max_minutes": 5.0}
    check_same(IDENTITY, {**IDENTITY, "training": training})


def test_settings_that_came_with_a_later_version_do_not_stop_an_older_run() -> None:
    wanted = {"data_hash": "d", "noise_model": "n", "training": {"a": 1, "new": 2}}
    check_same({**wanted, "training": {"a": 1}}, wanted)
    with pytest.raises(ValueError, match="a 3 -> 1"):
        check_same({**wanted, "training": {"a": 3}}, wanted)
