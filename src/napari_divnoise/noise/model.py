"""What a noise model is: p(observation | signal) of one pixel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, Self, TypeVar, runtime_checkable

import numpy as np
import numpy.typing as npt
import torch

if TYPE_CHECKING:
    from collections.abc import Callable

#: Values at pixels: a numpy array or a tensor, in the end the same kind as the input.
Values = TypeVar("Values", npt.NDArray[Any], torch.Tensor)

# Pixels that are worked on at once where the input is a numpy array: few enough
# for the processor's cache, and memory stays bounded for stacks of any size.
_BLOCK_SIZE = 65_536


@runtime_checkable
class NoiseModel(Protocol):
    """How a signal becomes an observation, pixel by pixel.

    Signals and observations are in camera units, or in the network units of the
    copy that `normalized` returns. Arrays may have any shapes that broadcast.
    Numpy arrays give float32 numpy arrays; tensors give float32 tensors on their
    own device, differentiable in observation and signal. Any finite input gives a
    finite output.

    Attributes
    ----------
    kind : str
        Name of the family: ``"gaussian"``, ``"mixture"`` or ``"histogram"``.
    valid_range : tuple of float
        Observations strictly inside carry likelihood; ``(-inf, inf)`` where the fit
        saw nothing clipped. `log_prob` takes no notice of it: see `valid_mask`.
    """

    kind: str
    valid_range: tuple[float, float]

    @property
    def signal_range(self) -> tuple[float, float]:
        """Smallest and largest signal that the model was fitted on."""

    def log_prob(self, *, observation: Values, signal: Values) -> Values:
        """Return log p(observation | signal) in nats per pixel.

        It is the logarithm of a density, per unit of the observation.
        """

    def mean(self, signal: Values) -> Values:
        """Return the mean observation of a signal, in the units of the signal."""

    def variance(self, signal: Values) -> Values:
        """Return the variance of the observation, in squared units of the signal."""

    def sample(self, signal: Values, seed: int = 0) -> Values:
        """Draw one observation of `signal`; the same for the same `seed`."""

    def normalized(self, mean: float, std: float) -> Self:
        """Return the same model in network units ``x' = (x - mean) / std``.

        Exact: ``log p'(x' | s') = log p(x | s) + ln std``.
        """

    def to(self, device: str | torch.device, /) -> Self:
        """Move the model to a device, and return it."""

    def as_arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Return all that is needed to build the model again."""

    def describe(self) -> str:
        """Say in one line what the model is."""


def on_tensors(
    function: Callable[..., torch.Tensor],
    *values: Values,
    device: torch.device,
) -> Values:
    """Call `function` with float32 tensors, and answer in the caller's kind of array.

    Parameters
    ----------
    function : callable
        From float32 tensors to one tensor, element by element, broadcasting.
    *values : numpy.ndarray or torch.Tensor
        One tensor among them makes the answer a tensor, with its gradient.
    device : torch.device
        Where `function` works on numpy arrays.
    """
    given: tuple[Any, ...] = values
    place = next((v.device for v in given if isinstance(v, torch.Tensor)), None)
    if place is None:
        return _on_arrays(function, *given, device=device)  # type: ignore[return-value]
    tensors = (
        v.float() if isinstance(v, torch.Tensor) else _as_tensor(v, place)
        for v in given
    )
    # Half precision and autocast are too coarse for likelihoods of grey values.
    with torch.autocast(place.type, enabled=False):
        return function(*tensors)  # type: ignore[return-value]


def _on_arrays(
    function: Callable[..., torch.Tensor],
    *values: npt.ArrayLike,
    device: torch.device,
) -> npt.NDArray[np.float32]:
    """Call `function` block by block, so that memory is bounded."""
    arrays = [np.asarray(v) for v in values]
    result = np.empty(np.broadcast_shapes(*(a.shape for a in arrays)), np.float32)
    parts = [np.broadcast_to(a, result.shape) for a in arrays]
    with torch.no_grad():
        _fill(function, parts, result, device)
    return result


def _fill(
    function: Callable[..., torch.Tensor],
    arrays: list[npt.NDArray[Any]],
    result: npt.NDArray[np.float32],
    device: torch.device,
) -> None:
    """Write `function` of the arrays into `result`, halving until a block is small."""
    if result.size <= _BLOCK_SIZE:
        tensors = (_as_tensor(array, device) for array in arrays)
        result[...] = function(*tensors).cpu().numpy()
        return
    axis = int(np.argmax(result.shape))
    half = result.shape[axis] // 2
    for part in (slice(None, half), slice(half, None)):
        at = (slice(None),) * axis + (part,)
        _fill(function, [array[at] for array in arrays], result[at], device)


def _as_tensor(values: npt.ArrayLike, device: torch.device) -> torch.Tensor:
    array = np.ascontiguousarray(values, dtype=np.float32)
    return torch.tensor(array.reshape(np.shape(values)), device=device)


def check_normalization(mean: float, std: float) -> None:
    """Raise ValueError unless `mean` is finite and `std` is finite and positive."""
    if not (np.isfinite(mean) and np.isfinite(std) and std > 0):
        raise ValueError(
            f"network units need a finite mean and a finite std above 0, got "
            f"mean={mean} and std={std}: estimate them from images that are not "
            f"constant and hold no NaN"
        )
