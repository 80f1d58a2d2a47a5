"""``divnoise check``: what kind of noise an image has, and which method fits it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .options import Axes, Channel, Debug, Device, Images, Json, Seed
from .output import Output, one_line
from .predicting import check_predictions

if TYPE_CHECKING:
    from ..images import NoiseReport

_NAMES = {
    "divnoising": "DivNoising",
    "hdn": "HDN",
    "hdn36": "HDN36",
    "cosdd": "COSDD",
    None: "no method fits",
}


def check(
    images: Images,
    *,
    model: Annotated[
        Path | None,
        typer.Option(
            help="A trained model: say instead whether what it leaves over is noise.",
            metavar="MODEL",
        ),
    ] = None,
    axes: Axes = None,
    channel: Channel = None,
    seed: Seed = 0,
    device: Device = "auto",
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Say what kind of noise images have, and which method fits it.

    Example: divnoise check data/cells.tif
    """
    from ..images import inspect_noise
    from ..runs.wanted import image_files

    output = Output(json=json)
    paths = image_files(images)
    if model is not None:
        check_predictions(
            paths,
            model,
            seed=seed,
            device=device,
            axes=axes,
            channel=channel,
            output=output,
        )
        return
    n_failed = 0
    for path in paths:
        try:
            report = inspect_noise(path, axes=axes, channel=channel)
        except (ValueError, TypeError, OSError) as error:
            if len(paths) == 1:
                raise
            output.problem(f"{path}: {one_line(error)}")
            n_failed += 1
        else:
            output.result(_words(path, report), image=str(path), **report.as_dict())
    if n_failed:
        raise typer.Exit(1)


def _words(path: Path, report: NoiseReport) -> str:
    """Lay a report out: the verdict first, then what was measured."""
    slope, intercept = report.mean_variance
    table = report.autocorrelation
    method = _NAMES.get(report.recommended_method, str(report.recommended_method))
    along = f" along {report.direction}" if report.direction else ""
    facts = {
        "noise": f"variance = {slope:.4g} * signal {intercept:+.4g}",
        "structure": f"{report.snr:.2g} times as strong as the noise",
        "neighbours": f"{table[3, 4]:+.2f} along x, {table[4, 3]:+.2f} along y",
        "rows, columns": f"{report.row_ratio:.2f}, {report.column_ratio:.2f} times "
        "what independent noise would vary",
        "saturated": _share(report.saturated, report.saturation),
        "at the bottom": _share(report.zeros, None),
        "dark level": f"{report.offset:.4g}",
        "grey step": f"{report.step:.3g}" if report.step else "continuous values",
        "hot pixels": f"{1e6 * report.hot_pixels:.0f} of a million",
    }
    lines = [f"{path.name}: {method}{along}", f"  {report.reason}"]
    lines += [f"  note: {note}" for note in report.notes]
    lines += [f"  {name:<14} {fact}" for name, fact in facts.items()]
    return "\n".join(lines)


def _share(share: float, value: float | None) -> str:
    where = f" (at {value:g})" if value is not None and share else ""
    return f"{100 * share:.2g} %{where}"
