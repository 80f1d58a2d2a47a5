"""A training's weights as named tensors, and back: what a checkpoint holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn
    from torch.optim.swa_utils import AveragedModel


def flattened(
    model: nn.Module, average: AveragedModel, optimizer: torch.optim.Optimizer
) -> dict[str, Tensor]:
    """Return copies of weights, running average and optimizer state.

    Names begin with ``model.``, ``average.`` and ``optimizer.``; a tensor is never
    shared with the training, which goes on.
    """
    tensors = {f"model.{name}": value for name, value in model.state_dict().items()}
    tensors |= {f"average.{name}": v for name, v in average.state_dict().items()}
    for index, entries in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{index}.{name}": v for name, v in entries.items()}
    return {name: value.detach().clone() for name, value in tensors.items()}


def restored(
    state: dict[str, Tensor],
    model: nn.Module,
    average: AveragedModel,
    optimizer: torch.optim.Optimizer,
) -> None:
    """Put what `flattened` returned back.

    Raises
    ------
    ValueError
        If it belongs to a network of another shape.
    """
    try:
        model.load_state_dict(_below("model.", state))
        average.load_state_dict(_below("average.", state))
    except RuntimeError as error:
        raise ValueError(
            "the saved state belongs to another network: "
            f"{str(error).splitlines()[-1].strip()}; resume with the settings of the "
            "run, or start a new one"
        ) from None
    entries: dict[int, dict[str, Tensor]] = {}
    for name, value in _below("optimizer.", state).items():
        index, _, key = name.partition(".")
        entries.setdefault(int(index), {})[key] = value.detach().clone()
    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": entries, "param_groups": groups})


def _below(prefix: str, state: dict[str, Tensor]) -> dict[str, Tensor]:
    length = len(prefix)
    return {name[length:]: v for name, v in state.items() if name.startswith(prefix)}
