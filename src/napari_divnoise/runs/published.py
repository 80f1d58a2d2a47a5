"""Checkpoints of the published DivNoising code, opened without running any of theirs.

Its Lightning version saves a state dict with the mean and standard deviation of the
data (``.ckpt``). Its first version pickled whole networks: opening one runs whatever
code is in it, so that those are refused with the way out.
"""

from __future__ import annotations

import pickle
import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from ..images import Normalization
from ..networks import network_from_published

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ..networks import DivNoising

_LEGACY_MAGIC = b"\x80\x02\x8a\n"
"""How torch's files began before they were zips: a pickled long number."""

_CALLBACKS = (
    "pytorch_lightning.callbacks.early_stopping.EarlyStopping",
    "pytorch_lightning.callbacks.model_checkpoint.ModelCheckpoint",
)
_SCALARS = ("numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar")


def is_torch_file(path: Path) -> bool:
    """Tell whether ``torch.save`` wrote a file, by a look at its names."""
    try:
        with path.open("rb") as file:
            start = file.read(len(_LEGACY_MAGIC))
        if start == _LEGACY_MAGIC:
            return True
        with zipfile.ZipFile(path) as archive:
            return any(name.endswith("/data.pkl") for name in archive.namelist())
    except (OSError, zipfile.BadZipFile):
        return False


def open_published(
    path: Path, *, mean: float | None = None, std: float | None = None
) -> tuple[DivNoising, Normalization]:
    """Read network and normalization of a published DivNoising checkpoint.

    Parameters
    ----------
    path : Path
        A Lightning checkpoint, or a state dict saved by ``torch.save``.
    mean, std : float, optional
        Of the data it was trained on, camera units; needed where the file does not
        hold them, and used instead of those it holds.

    Raises
    ------
    ValueError
        If the file is damaged, holds a whole pickled network or other weights, or
        mean and std are not known.
    """
    content = _content(path)
    state = content.get("state_dict", content)
    if not isinstance(state, dict) or not _are_tensors(state):
        raise ValueError(
            f"{path} holds no weights by name: give the checkpoint that the published "
            "code saved, or its state_dict()"
        )
    try:
        network = network_from_published(state)
    except (KeyError, ValueError) as error:
        raise ValueError(f"{path}: {' '.join(str(error).split())}") from error
    return network, _normalization(path, content.get("hyper_parameters"), mean, std)


def _content(path: Path) -> dict[str, Any]:
    """Unpickle tensors, numbers and plain containers, and nothing that could run."""
    try:
        with torch.serialization.safe_globals(_stand_ins()):
            content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise ValueError(
            f"{path} holds more than weights, such as a whole pickled network: opening "
            "it could run any code that is in it, so that it was not opened. If you "
            "trust it, save its weights where the code that wrote it is installed: "
            "net = torch.load(path, weights_only=False); "
            "torch.save(net.state_dict(), 'weights.pt'), and open those with "
            "load_model('weights.pt', mean=float(net.data_mean), "
            "std=float(net.data_std))"
        ) from error
    except (RuntimeError, EOFError, OSError) as error:
        raise ValueError(
            f"{path} is damaged ({' '.join(str(error).split())}): copy it again from "
            "where it came"
        ) from error
    return content if isinstance(content, dict) else {}


def _stand_ins() -> list[Any]:
    """Return harmless things under the names that Lightning's checkpoints ask for.

    Lightning 1 wrote the classes of its callbacks as keys, and the published code's
    numbers may be numpy's. Nothing of either package is imported or called.
    """
    callbacks = [_named(path) for path in _CALLBACKS]
    scalars = [_named(path, __new__=_scalar) for path in _SCALARS]
    dtypes = [type(np.dtype(name)) for name in ("float32", "float64")]
    return [*callbacks, *scalars, np.dtype, *dtypes]


def _named(path: str, **attributes: Any) -> type:
    module, _, name = path.rpartition(".")
    return type(name, (), {"__module__": module, **attributes})


def _scalar(_cls: type, dtype: np.dtype[Any], data: bytes) -> float:
    return float(np.frombuffer(data, dtype)[0])


def _are_tensors(state: Mapping[str, object]) -> bool:
    return bool(state) and all(isinstance(v, torch.Tensor) for v in state.values())


def _normalization(
    path: Path, stored: Any, mean: float | None, std: float | None
) -> Normalization:
    known = stored if isinstance(stored, dict) else {}
    mean = known.get("data_mean") if mean is None else mean
    std = known.get("data_std") if std is None else std
    if mean is None or std is None:
        raise ValueError(
            f"{path} does not say mean and standard deviation of the data that it was "
            "trained on: give them, in camera units, with load_model(path, mean=..., "
            "std=...)"
        )
    return Normalization(mean=float(mean), std=float(std))
