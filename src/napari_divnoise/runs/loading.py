"""Models from wherever they are: our files, our run folders, published checkpoints."""

from __future__ import annotations

from pathlib import Path

import torch

from ..images import Normalization
from ..networks import build_network, resolve_device
from ..noise import from_arrays
from ..training import TrainingConfig
from .bundle import Bundle, damaged, load_bundle
from .folder import RunFolder
from .model import Model
from .published import is_torch_file, open_published
from .versions import package_version


def load_model(
    source: str | Path,
    *,
    device: str = "cpu",
    mean: float | None = None,
    std: float | None = None,
) -> Model:
    """Read a model from a ``*.divnoise`` file or from the folder of its run.

    A checkpoint of the published DivNoising code is read, too; nothing in any file
    can run code.

    Parameters
    ----------
    source : str or Path
        The file or folder.
    device : str
        Where its weights are put; a posterior moves them where it is asked to.
    mean, std : float, optional
        Only for published weights that come without them: mean and standard
        deviation of the data they were trained on, in camera units.

    Raises
    ------
    FileNotFoundError
        If there is no such file, or no model in the folder yet.
    ValueError
        If the file is damaged, of another version, or no model at all; if a
        published checkpoint holds a whole pickled network, or lacks mean and std;
        if the device is not there.
    """
    path, home = Path(source).expanduser(), resolve_device(device)
    if path.is_dir():
        path = _model_of_run(RunFolder(path))
    elif is_torch_file(path):
        return _published(path, home, mean, std)
    bundle = load_bundle(path)
    try:
        return _assembled(bundle, home)
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise _unfit(path, bundle, error) from error


def _unfit(path: Path, bundle: Bundle, error: Exception) -> ValueError:
    """Return the error for a file whose parts are whole but cannot be put together."""
    reason = " ".join(str(error).split())
    writer = bundle.info.get("package_version")
    if writer in (None, package_version()):
        return damaged(path, f"its parts do not fit together: {reason}")
    return ValueError(
        f"{path} was written by napari-divnoise {writer}, which this one, "
        f"{package_version()}, does not understand ({reason}): "
        "pip install --upgrade napari-divnoise"
    )


def _published(
    path: Path, device: torch.device, mean: float | None, std: float | None
) -> Model:
    network, normalization = open_published(path, mean=mean, std=std)
    return Model(
        network=network.to(device).eval().requires_grad_(False),
        normalization=normalization,
        noise_model=None,
        config=TrainingConfig.from_preset(
            "paper",
            depth=network.depth,
            z_channels=network.z_channels,
            n_filters=network.n_filters,
        ),
        record={
            "package_version": package_version(),
            "method": "divnoising",
            "origin": f"published DivNoising checkpoint {path.name}",
        },
    )


def _model_of_run(folder: RunFolder) -> Path:
    if folder.state == "empty":
        raise FileNotFoundError(
            f"{folder.path} is no run folder: give the folder that divnoise train "
            "wrote to, or a .divnoise file"
        )
    if not folder.model_path.exists():
        raise FileNotFoundError(
            f"no model in {folder.path} ({folder.state}): wait for the first "
            "checkpoint of its training, or resume it with --resume"
        )
    return folder.model_path


def _assembled(bundle: Bundle, device: torch.device) -> Model:
    network = build_network(**bundle.info["network"])
    network.load_state_dict(
        {name: torch.from_numpy(array) for name, array in bundle.weights.items()}
    )
    noise_model = (
        None if bundle.noise_model is None else from_arrays(bundle.noise_model)
    )
    return Model(
        network=network.to(device).eval().requires_grad_(False),
        normalization=Normalization.from_dict(bundle.info["normalization"]),
        noise_model=noise_model,
        config=TrainingConfig(**bundle.info["training"]),
        record=dict(bundle.info["record"]),
    )
