"""What a result was made from: the words in its layer's metadata."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import PurePath
from typing import Any


def layer_record(
    source: object | None,
    *,
    seed: int,
    n: int,
    run_id: str | None = None,
    model_hash: str | None = None,
    noise_model_hash: str | None = None,
    tile: int | None = None,
    device: str | None = None,
    precision: str | None = None,
) -> dict[str, Any]:
    """Return where a result comes from, in words that JSON can hold.

    Parameters
    ----------
    source : layer, ImageStack or None
        The image that was denoised.
    seed, n : int
        Seed and number of the posterior samples: with the model they bring the very
        same samples back.
    run_id, model_hash, noise_model_hash : str, optional
        Names of the run and fingerprints of what was used.
    tile : int, optional
        Edge of the tiles, in pixels; None if the image was sampled whole.
    device, precision : str, optional
        Where and in which precision the samples were drawn: on another kind of device
        the same sample may differ by rounding.
    """
    return {
        "version": _package_version(),
        "run_id": run_id,
        "model_hash": model_hash,
        "noise_model_hash": noise_model_hash,
        "seed": seed,
        "n": n,
        "tile": tile,
        "device": device,
        "precision": precision,
        "source_layer": source_name(source),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def source_name(source: object | None) -> str:
    """Return the name of a layer, of the first file of a stack, or ``image``."""
    name = getattr(source, "name", None)
    if name:
        return str(name)
    files = getattr(source, "names", None)
    return PurePath(files[0]).stem if files else "image"


def _package_version() -> str:
    """Return our version; a checkout that was never installed has none."""
    try:
        return version("napari-divnoise")
    except PackageNotFoundError:
        return "unknown"
