"""Noise models in `.npz` files, our own and those of the published tools.

A mixture is written as PPN2V, DivNoising, HDN and CAREamics write and read it, with
two more arrays, `kind` and `tol`, that they ignore. A Gaussian has arrays of its own.
"""

from __future__ import annotations

import os
import tempfile
import zipfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .gaussian import GaussianNoiseModel
from .mixture import PUBLISHED_TOLERANCE, MixtureNoiseModel

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from .model import NoiseModel

# A mixture of ten Gaussians takes some hundred bytes. More is another kind of file.
_LARGEST_MEMBER = 1 << 20


def save_noise_model(noise_model: NoiseModel, path: str | os.PathLike[str]) -> Path:
    """Write a noise model, in camera units, to an `.npz` file.

    Parameters
    ----------
    noise_model : NoiseModel
        In camera units.
    path : path
        Where to write; ``.npz`` is added where it is missing. A file that exists is
        replaced at once, when the new one is complete.

    Returns
    -------
    Path
        The file that was written.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    target = _with_suffix(Path(path).expanduser())
    try:
        _write(noise_model, target)
    except OSError as error:
        raise OSError(
            f"cannot write {target} ({error.strerror or error}): choose a folder that "
            f"is there, has room and may be written to"
        ) from error
    return target


def _write(noise_model: NoiseModel, target: Path) -> None:
    handle, name = tempfile.mkstemp(suffix=".part", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            np.savez(file, allow_pickle=False, **noise_model.as_arrays())
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def load_noise_model(
    path: str | os.PathLike[str],
) -> MixtureNoiseModel | GaussianNoiseModel:
    """Read a noise model from an `.npz` file, ours or of the published tools.

    Parameters
    ----------
    path : path
        The file; ``.npz`` may be left out. Nothing in it can run code.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is damaged, or is no noise model.
    """
    file = Path(path).expanduser()
    if not file.is_file():
        file = _with_suffix(file)
    if not file.is_file():
        raise FileNotFoundError(
            f"there is no noise model at {path}: check the folder and the spelling"
        )
    try:
        arrays = _read(file)
    except (zipfile.BadZipFile, zlib.error, EOFError, KeyError, ValueError) as error:
        raise ValueError(
            f"{file} is damaged, or is no noise model (.npz): {error}. Save it again "
            f"from the program that made it"
        ) from error
    try:
        return from_arrays(arrays)
    except ValueError as error:
        raise ValueError(f"{file}: {error}") from error


def from_arrays(
    arrays: Mapping[str, npt.NDArray[Any]],
) -> MixtureNoiseModel | GaussianNoiseModel:
    """Build the noise model whose `as_arrays` these are.

    Raises
    ------
    ValueError
        If an array is missing or has a wrong shape, or the kind is unknown.
    """
    kind = str(arrays["kind"]) if "kind" in arrays else "mixture"
    if kind == "mixture":
        return _mixture(arrays)
    if kind == "gaussian":
        low, high = _array(arrays, "signal_range", 2)
        return GaussianNoiseModel(
            _number(arrays, "slope"),
            _number(arrays, "intercept"),
            _number(arrays, "min_variance"),
            (low, high),
        )
    raise ValueError(
        f"the noise model is of kind {kind!r}, which this version does not know: "
        f"update napari-divnoise, or choose a 'mixture' or a 'gaussian'"
    )


def _mixture(arrays: Mapping[str, npt.NDArray[Any]]) -> MixtureNoiseModel:
    if "trained_weight" not in arrays:
        raise ValueError(
            f"no noise model is in here: the array 'trained_weight' is missing, there "
            f"are {sorted(arrays)}. Choose a file that this or a published tool saved"
        )
    return MixtureNoiseModel(
        _numeric(arrays, "trained_weight"),
        _number(arrays, "min_signal"),
        _number(arrays, "max_signal"),
        _number(arrays, "min_sigma"),
        _number(arrays, "tol") if "tol" in arrays else PUBLISHED_TOLERANCE,
    )


def _number(arrays: Mapping[str, npt.NDArray[Any]], name: str) -> float:
    """Return an array of one number; published files have 0-d, (1,) and (1, 1)."""
    (number,) = _array(arrays, name, 1)
    return number


def _array(arrays: Mapping[str, npt.NDArray[Any]], name: str, size: int) -> list[float]:
    array = _numeric(arrays, name)
    if array.size != size:
        raise ValueError(
            f"{name!r} should hold {size} number(s), it has shape {array.shape}: the "
            f"file is damaged or of another program"
        )
    return [float(number) for number in array.ravel()]


def _numeric(
    arrays: Mapping[str, npt.NDArray[Any]], name: str
) -> npt.NDArray[np.float64]:
    if name not in arrays:
        raise ValueError(
            f"the array {name!r} is missing, there are {sorted(arrays)}: save the "
            f"noise model again"
        )
    array = np.asarray(arrays[name])
    if array.dtype.kind not in "iuf":
        raise ValueError(
            f"{name!r} should hold numbers, it has dtype {array.dtype}: the file is "
            f"damaged or of another program"
        )
    return array.astype(np.float64)


def _read(file: Path) -> dict[str, npt.NDArray[Any]]:
    with zipfile.ZipFile(file) as archive:
        for member in archive.infolist():
            if member.file_size > _LARGEST_MEMBER:
                raise ValueError(f"{member.filename} in it is too large for one")
    with np.load(file, allow_pickle=False) as members:
        return {name: members[name] for name in members.files}


def _with_suffix(path: Path) -> Path:
    return path if path.suffix == ".npz" else path.with_name(path.name + ".npz")
