"""``divnoise check --model``: whether what a model leaves over is noise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from .output import Output, one_line

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ..runs import Model, PredictiveCheck

GRADES = {"good": "yes", "fair": "nearly", "poor": "no"}


def check_predictions(
    paths: Sequence[Path],
    model_path: Path,
    *,
    seed: int,
    device: str,
    axes: str | None,
    channel: int | None,
    output: Output,
) -> None:
    """Check image after image; one that cannot be checked does not stop the others."""
    from ..runs import load_model

    model = load_model(model_path)
    n_failed = 0
    for path in paths:
        try:
            check = _checked(path, model, seed, device, axes, channel, output)
        except (ValueError, TypeError, OSError) as error:
            if len(paths) == 1:
                raise
            output.problem(f"{path}: {one_line(error)}")
            n_failed += 1
        else:
            output.result(_words(path, check), image=str(path), **check.as_dict())
    if n_failed:
        raise typer.Exit(1)


def _checked(
    path: Path,
    model: Model,
    seed: int,
    device: str,
    axes: str | None,
    channel: int | None,
    output: Output,
) -> PredictiveCheck:
    from ..runs import checking_predictions

    steps = checking_predictions(
        model, path, seed=seed, device=device, axes=axes, channel=channel
    )
    with output.meter(path.name, 1.0) as meter:
        while True:
            try:
                meter(next(steps))
            except StopIteration as end:
                check: PredictiveCheck = end.value
                return check


def _words(path: Path, check: PredictiveCheck) -> str:
    table = check.autocorrelation
    facts = {
        "strength": f"{check.spread:.2f} times the stated variance",
        "neighbours": f"{table[3, 4]:+.2f} along x, {table[4, 3]:+.2f} along y",
        "rows, columns": f"{check.row_ratio:.2f}, {check.column_ratio:.2f} times "
        "independent noise",
        "p values": ", ".join(f"{k} {p:.2f}" for k, p in check.p_values.items()),
    }
    lines = [
        f"{path.name}: is what is left over noise? {GRADES[check.grade]}",
        f"  {check.verdict}",
    ]
    return "\n".join(lines + [f"  {name:<14} {fact}" for name, fact in facts.items()])
