"""One model in one file, ``*.divnoise``: a zip in which nothing can run code.

======================= ========================================================
``model.json``          format and package version, network, normalization,
                        training settings, record, hash of the weights
``weights.safetensors`` the network, float32
``noise_model.npz``     the noise model in camera units, where there is one
``cover.png``           a small picture of what the model made
======================= ========================================================

Reading takes these four names out of the zip and no others, writes nothing to disk,
and never unpickles.
"""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load as load_safetensors
from safetensors.numpy import save as save_safetensors

from .events import to_json
from .files import arrays_hash, write_whole

FORMAT = "napari-divnoise model"
FORMAT_VERSION = 1
SUFFIX = ".divnoise"

MAX_BYTES = 1 << 32
"""A part that claims to be larger than 4 GiB is not unpacked."""

_UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    OSError,
    NotImplementedError,  # a compression this Python does not have
    RuntimeError,  # encrypted
)

Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Bundle:
    """The contents of a model file.

    Attributes
    ----------
    info : dict
        ``model.json``: ``network``, ``normalization``, ``training``, ``record``.
    weights : dict of str to ndarray
        The network's state, float32.
    noise_model : dict of str to ndarray, optional
        The noise model as named arrays, in camera units.
    cover : bytes, optional
        A small PNG picture.
    """

    info: dict[str, Any]
    weights: Arrays
    noise_model: Arrays | None = None
    cover: bytes | None = None


def save_bundle(bundle: Bundle, path: str | Path) -> Path:
    """Write a model file, whole or not at all.

    Parameters
    ----------
    bundle : Bundle
        What to write; format, versions and hash are added to its ``info``.
    path : str or Path
        The file; ``.divnoise`` is appended if it is missing.

    Returns
    -------
    Path
        The file that was written.

    Raises
    ------
    StorageError
        If the disk refuses.
    """
    path = _with_suffix(Path(path).expanduser())
    heading = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "weights_hash": arrays_hash(bundle.weights),
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("model.json", to_json({**heading, **bundle.info}, indent=2))
        archive.writestr("weights.safetensors", save_safetensors(bundle.weights))
        if bundle.noise_model is not None:
            archive.writestr("noise_model.npz", _npz_bytes(bundle.noise_model))
        if bundle.cover is not None:
            archive.writestr("cover.png", bundle.cover)
    write_whole(path, buffer.getvalue())
    return path


def load_bundle(path: str | Path) -> Bundle:
    """Read a model file.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is damaged, of a newer format version, or no model file at all.
    """
    path = Path(path).expanduser()
    with _opened(path) as archive:
        info = _info(archive, path)
        weights = _weights(archive, path)
        noise_model = _noise_model(archive, path)
        cover = _part(archive, "cover.png", path)
    if arrays_hash(weights) != info.get("weights_hash"):
        raise damaged(path, "its weights are not those it was written with")
    return Bundle(info=info, weights=weights, noise_model=noise_model, cover=cover)


def read_info(path: str | Path) -> dict[str, Any]:
    """Read what a model file says of itself, without its weights and without torch.

    Raises
    ------
    FileNotFoundError, ValueError
        As `load_bundle`.
    """
    path = Path(path).expanduser()
    with _opened(path) as archive:
        return _info(archive, path)


def read_cover(path: str | Path) -> bytes | None:
    """Read the small PNG picture of a model file, or None if it has none."""
    path = Path(path).expanduser()
    with _opened(path) as archive:
        return _part(archive, "cover.png", path)


def damaged(path: Path, reason: str) -> ValueError:
    """Return the error for a file that cannot be trusted, with the way out."""
    return ValueError(
        f"{path} is damaged ({reason}): copy it again from where it came, or train "
        "again; the folder of its run holds another copy"
    )


def _with_suffix(path: Path) -> Path:
    return path if path.suffix == SUFFIX else path.with_name(path.name + SUFFIX)


def _npz_bytes(arrays: Arrays) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def _opened(path: Path) -> zipfile.ZipFile:
    if not path.is_file():
        raise FileNotFoundError(
            f"no model file {path}: give the path of a {SUFFIX} file or a run folder"
        )
    try:
        return zipfile.ZipFile(path)
    except zipfile.BadZipFile as error:
        with path.open("rb") as file:
            if file.read(2) == b"PK":
                raise damaged(path, "its end is missing") from error
        raise foreign(path) from error


def foreign(path: Path) -> ValueError:
    """Return the error for a file that some other program wrote."""
    return ValueError(
        f"{path} is not a napari-divnoise model: a model is a {SUFFIX} file written by "
        "model.save or divnoise train (a checkpoint of the published DivNoising code "
        f"becomes one with napari_divnoise.load_model(checkpoint).save('a{SUFFIX}'))"
    )


def _part(archive: zipfile.ZipFile, name: str, path: Path) -> bytes | None:
    if name not in archive.namelist():
        return None
    if archive.getinfo(name).file_size > MAX_BYTES:
        raise damaged(path, f"{name} claims to be larger than {MAX_BYTES >> 30} GiB")
    try:
        return archive.read(name)
    except _UNREADABLE as error:
        raise damaged(path, f"{name} cannot be unpacked") from error


def _info(archive: zipfile.ZipFile, path: Path) -> dict[str, Any]:
    text = _part(archive, "model.json", path)
    if text is None:
        raise foreign(path)
    try:
        info = json.loads(text)
    except ValueError as error:
        raise damaged(path, "model.json is not JSON") from error
    if not isinstance(info, dict) or info.get("format") != FORMAT:
        raise foreign(path)
    if info.get("format_version") != FORMAT_VERSION:
        raise ValueError(
            f"{path} has format version {info.get('format_version')}, written by "
            f"napari-divnoise {info.get('package_version', 'unknown')}; this one reads "
            f"version {FORMAT_VERSION}: pip install --upgrade napari-divnoise"
        )
    return info


def _weights(archive: zipfile.ZipFile, path: Path) -> Arrays:
    data = _part(archive, "weights.safetensors", path)
    if data is None:
        raise damaged(path, "weights.safetensors is missing")
    try:
        weights: Arrays = load_safetensors(data)
    except SafetensorError as error:
        raise damaged(path, "weights.safetensors cannot be read") from error
    return weights


def _noise_model(archive: zipfile.ZipFile, path: Path) -> Arrays | None:
    data = _part(archive, "noise_model.npz", path)
    if data is None:
        return None
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except (ValueError, OSError, zipfile.BadZipFile) as error:
        raise damaged(path, "noise_model.npz cannot be read") from error
