"""``divnoise info`` and ``divnoise doctor``: what a thing is, what a machine can do."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .options import Debug, Json
from .output import Output

if TYPE_CHECKING:
    from ..runs.doctor import Finding


def info(
    path: Annotated[
        Path,
        typer.Argument(
            help="A .divnoise model, a noise model (.npz) or a run folder.",
            show_default=False,
        ),
    ],
    *,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Say what a model, a noise model or a run is, and what it was made from.

    Example: divnoise info runs/a
    """
    facts = _facts(path)
    Output(json=json).result(_table(facts), **facts)


def doctor(*, json: Json = False, debug: Debug = False) -> None:
    """Look at device, torch, napari and Qt: what is wrong, and what mends it.

    Example: divnoise doctor
    """
    from ..runs.doctor import examine

    output = Output(json=json)
    n_ill = 0
    for finding in examine():
        output.result(_sentence(finding), **_finding_facts(finding))
        n_ill += not finding.is_well
    if not json:
        output.say("all is well" if n_ill == 0 else f"{n_ill} to mend")
    if n_ill:
        raise typer.Exit(1)


def _sentence(finding: Finding) -> str:
    mark = "ok  " if finding.is_well else "MEND"
    line = f"{mark}  {finding.topic:<9} {finding.text}"
    return line if finding.is_well else f"{line}\n      ->        {finding.mend}"


def _finding_facts(finding: Finding) -> dict[str, Any]:
    return {
        "topic": finding.topic,
        "text": finding.text,
        "mend": finding.mend,
        "is_well": finding.is_well,
    }


def _facts(path: Path) -> dict[str, Any]:
    """Read what `path` says of itself, without loading torch for a model."""
    path = path.expanduser()
    if path.is_dir():
        from ..runs import RunFolder

        folder = RunFolder(path)
        if folder.state == "empty":
            raise FileNotFoundError(
                f"{path} is no run folder: give the folder that divnoise train wrote "
                "to, or a file"
            )
        return folder.describe()
    if path.suffix in (".npz", ".npy"):
        return noise_model_facts(path)
    from ..runs.bundle import read_info

    return {"kind": "model", "path": str(path), **read_info(path)}


def noise_model_facts(path: Path) -> dict[str, Any]:
    """Return what a noise-model file says of itself."""
    from ..noise import load_noise_model

    model = load_noise_model(path)
    low, high = model.signal_range
    return {
        "kind": "noise model",
        "path": str(path),
        "family": model.kind,
        "description": model.describe(),
        "signal_from": low,
        "signal_to": high,
    }


def _table(facts: dict[str, Any], indent: str = "") -> str:
    """Lay nested facts out as lines, the inner ones further to the right."""
    lines = []
    for name, value in facts.items():
        if isinstance(value, dict) and value:
            lines += [f"{indent}{name}", _table(value, indent + "  ")]
        else:
            lines.append(f"{indent}{name:<{max(1, 22 - len(indent))}} {value}")
    return "\n".join(lines)
