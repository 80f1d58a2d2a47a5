"""Everything that going on with a training needs, in one safetensors file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from .files import write_whole

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

FORMAT = "napari-divnoise checkpoint"
FORMAT_VERSION = "1"

FREE_ON_RESUME = ("device", "precision", "max_minutes")
"""Settings that a resumed training may change: where and how long, never what."""


def save_checkpoint(
    path: Path, state: dict[str, Tensor], identity: dict[str, Any]
) -> None:
    """Write a checkpoint, whole or not at all.

    Parameters
    ----------
    path : Path
        The file.
    state : dict of str to Tensor
        What `Trainer.state` returns, on any device.
    identity : dict
        What the training is of: hash of the data, of the noise model, settings.

    Raises
    ------
    StorageError
        If the disk refuses; an earlier checkpoint stays intact.
    """
    tensors = {name: tensor.cpu().contiguous() for name, tensor in state.items()}
    heading = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "identity": json.dumps(identity),
    }
    write_whole(path, save(tensors, heading))


def load_checkpoint(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read a checkpoint.

    Returns
    -------
    state : dict of str to Tensor
        For `Trainer.load_state`, on the CPU.
    identity : dict
        What the training was of.

    Raises
    ------
    ValueError
        If the file is damaged or of another format version.
    """
    try:
        with safe_open(path, framework="pt") as file:
            heading = file.metadata() or {}
            # A file has no iterator of its own: the keys are listed by a method.
            names = list(file.keys())
            state = {name: file.get_tensor(name) for name in names}
    except SafetensorError as error:
        raise ValueError(
            f"{path} is damaged ({error}): the newest model of this run is in "
            "model.divnoise; to train again from the start give --overwrite "
            "(overwrite=True)"
        ) from error
    version = heading.get("format_version")
    if heading.get("format") != FORMAT or version != FORMAT_VERSION:
        raise ValueError(
            f"{path} is a checkpoint of format version {version}, this napari-divnoise "
            f"reads version {FORMAT_VERSION}: go on with the version that wrote it, or "
            "train again with --overwrite (overwrite=True)"
        )
    return state, json.loads(heading["identity"])


def check_same(stored: dict[str, Any], wanted: dict[str, Any]) -> None:
    """Check that a checkpoint belongs to what is to be trained now.

    Raises
    ------
    ValueError
        Naming what differs: the images, the noise model, or settings.
    """
    if stored["data_hash"] != wanted["data_hash"]:
        raise ValueError(
            f"the images are not those this run was trained on (hash "
            f"{wanted['data_hash']}, the checkpoint has {stored['data_hash']}): give "
            "the same images, or start another run"
        )
    if stored["noise_model"] != wanted["noise_model"]:
        raise ValueError(
            f"the noise model is not the one this run was trained with "
            f"({wanted['noise_model']}, the checkpoint has {stored['noise_model']}): "
            "give the same one, or start another run"
        )
    after = wanted["training"]
    # A run of an earlier version knew nothing of settings that came later.
    before = {**after, **stored["training"]}
    different = [
        f"{name} {before[name]} -> {after.get(name)}"
        for name in sorted({*before} - {*FREE_ON_RESUME})
        if before[name] != after.get(name)
    ]
    if different:
        raise ValueError(
            f"settings differ from those of the run ({', '.join(different)}): leave "
            "them as they were, or start another run"
        )
