"""Noise models in files, our own and those of the published tools.

A mixture is written as PPN2V, DivNoising, HDN and CAREamics write and read it, with
more arrays, `kind`, `tol` and where needed `valid_range`, that they ignore. A Gaussian
and a histogram have arrays of their own; a histogram may also go to the `.npy` files of
the published tools.
"""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .gaussian import GaussianNoiseModel
from .histogram import HistogramNoiseModel
from .histogram_files import published_table, read_published
from .mixture import PUBLISHED_TOLERANCE, MixtureNoiseModel
from .valid import EVERYTHING
from .whole_files import write_arrays, write_whole

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    import numpy.typing as npt

    from .fitting import FittedNoiseModel
    from .model import NoiseModel

# A mixture of ten Gaussians takes some hundred bytes. More is another kind of file.
_LARGEST_MEMBER = 1 << 20
# A histogram of 4096 rows by 1024 columns.
_LARGEST_TABLE = (1 << 24) + 1024


def save_noise_model(noise_model: NoiseModel, path: str | os.PathLike[str]) -> Path:
    """Write a noise model, in camera units, to a file.

    Parameters
    ----------
    noise_model : NoiseModel
        In camera units.
    path : path
        Where to write; ``.npz`` is added where it is missing. With ``.npy`` a
        histogram goes to a file that the published tools read. A file that exists is
        replaced at once, when the new one is complete.

    Returns
    -------
    Path
        The file that was written.

    Raises
    ------
    OSError
        If it cannot be written.
    ValueError
        If a noise model that is no histogram is to go to an ``.npy`` file.
    """
    target = _with_suffix(Path(path).expanduser())
    if target.suffix == ".npy":
        if not isinstance(noise_model, HistogramNoiseModel):
            raise ValueError(
                f"{target} would hold a {noise_model.kind}: .npy files are for "
                f"histograms, choose a name that ends in .npz"
            )
        table = published_table(noise_model)
        write_whole(lambda file: np.save(file, table, allow_pickle=False), target)
        return target
    write_arrays(noise_model.as_arrays(), target)
    return target


def load_noise_model(path: str | os.PathLike[str]) -> FittedNoiseModel:
    """Read a noise model from a file, ours or of the published tools.

    Parameters
    ----------
    path : path
        The file; ``.npz`` may be left out. A ``.npy`` is a histogram as the published
        tools write it. Nothing in a file can run code.

    Warns
    -----
    UserWarning
        If rows of a published histogram are empty.

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
    if file.suffix == ".npy":
        return read_published(file)
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


def from_arrays(arrays: Mapping[str, npt.NDArray[Any]]) -> FittedNoiseModel:
    """Build the noise model whose `as_arrays` these are.

    Raises
    ------
    ValueError
        If an array is missing or has a wrong shape, or the kind is unknown.
    """
    kind = str(arrays["kind"]) if "kind" in arrays else "mixture"
    if kind == "mixture":
        return _mixture(arrays)
    if kind == "histogram":
        return _histogram(arrays)
    if kind == "gaussian":
        low, high = _array(arrays, "signal_range", 2)
        return GaussianNoiseModel(
            _number(arrays, "slope"),
            _number(arrays, "intercept"),
            _number(arrays, "min_variance"),
            (low, high),
            _valid_range(arrays),
        )
    raise ValueError(
        f"the noise model is of kind {kind!r}, which this version does not know: "
        f"update napari-divnoise, or choose a 'mixture', a 'gaussian' or a "
        f"'histogram'"
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
        _valid_range(arrays),
    )


def _histogram(arrays: Mapping[str, npt.NDArray[Any]]) -> HistogramNoiseModel:
    ends = (_array(arrays, name, 2) for name in ("signal_range", "observation_range"))
    signal_range, observation_range = ((low, high) for low, high in ends)
    return HistogramNoiseModel(
        _numeric(arrays, "density"),
        signal_range,
        observation_range,
        _number(arrays, "tol"),
        _valid_range(arrays),
        _number(arrays, "growth"),
    )


def _valid_range(arrays: Mapping[str, npt.NDArray[Any]]) -> tuple[float, float]:
    if "valid_range" not in arrays:
        return EVERYTHING
    low, high = _array(arrays, "valid_range", 2)
    return low, high


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
            table = member.filename == "density.npy"
            if member.file_size > (_LARGEST_TABLE if table else _LARGEST_MEMBER):
                raise ValueError(f"{member.filename} in it is too large for one")
    with np.load(file, allow_pickle=False) as members:
        return {name: members[name] for name in members.files}


def _with_suffix(path: Path) -> Path:
    return (
        path if path.suffix in (".npz", ".npy") else path.with_name(path.name + ".npz")
    )
