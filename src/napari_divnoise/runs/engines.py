"""What denoises an image, for each kind of network: samples, one pass, or both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from ..networks import UNet, resolve_device
from ..posterior import DirectDenoiser, PixelwiseSampler, PosteriorSampler

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    import torch
    from numpy.typing import NDArray

    from ..images import Normalization
    from ..networks import Network
    from ..noise import NoiseModel
    from ..posterior import Piece, Sampler


class OnePass(Protocol):
    """Denoises piece by piece without samples.

    Attributes
    ----------
    shape : tuple of int
        Of the image or stack.
    device, dtype
        Where and in which type is computed.
    """

    shape: tuple[int, ...]
    device: torch.device
    dtype: torch.dtype

    def pieces(self, tile_size: int | None = None) -> Iterator[Piece]:
        """Yield rectangles that cover every image once."""
        ...

    def exact_mean(self, piece: Piece) -> torch.Tensor:
        """Return the denoised piece, ``(Y, X)``, camera units."""
        ...


def sampler_of(
    network: Network,
    normalization: Normalization,
    noise_model: NoiseModel | None,
    image: Any,
    *,
    seed: int = 0,
    device: str = "auto",
    precision: str = "auto",
) -> Sampler:
    """Return what draws samples of an image.

    Parameters
    ----------
    network : Network
        Of a method that has a posterior.
    normalization : Normalization
        Of its training.
    noise_model : NoiseModel or None
        In camera units; PN2V weighs its signals with it.
    image : array
        ``(Y, X)`` or ``(N, Y, X)``, camera units.
    seed, device, precision
        As for `PosteriorSampler`.

    Raises
    ------
    ValueError
        If the network needs a noise model and there is none.
    """
    settings: dict[str, Any] = {"seed": seed, "device": device, "precision": precision}
    if isinstance(network, UNet):
        likelihood = _likelihood(noise_model, normalization, resolve_device(device))
        return PixelwiseSampler(network, likelihood, normalization, image, **settings)
    return PosteriorSampler(network, normalization, image, **settings)


def one_pass_of(
    network: Network,
    normalization: Normalization,
    noise_model: NoiseModel | None,
    image: Any,
    *,
    device: str = "auto",
    precision: str = "auto",
) -> OnePass | None:
    """Return what denoises an image without samples; None where a mean takes some.

    Parameters are those of `sampler_of`.
    """
    settings: dict[str, Any] = {"device": device, "precision": precision}
    if not isinstance(network, UNet):
        return None
    if network.out_channels == 1:
        return DirectDenoiser(network, normalization, image, **settings)
    likelihood = _likelihood(noise_model, normalization, resolve_device(device))
    return PixelwiseSampler(network, likelihood, normalization, image, **settings)


def denoising(
    engine: OnePass, *, plane: int | None = None
) -> Generator[float, None, NDArray[np.float32]]:
    """Denoise everything, and yield the share that is done, 0 to 1.

    Parameters
    ----------
    engine : OnePass
        What denoises.
    plane : int, optional
        Only this image of a stack.

    Returns
    -------
    ndarray of float32
        The shape of the image or stack, or ``(Y, X)`` of one image; camera units.
    """
    shape = engine.shape if plane is None else engine.shape[-2:]
    result = np.empty(shape, dtype=np.float32)
    stack = result.reshape(-1, *shape[-2:])
    pieces = [p for p in engine.pieces() if plane is None or p.plane == plane]
    for done, piece in enumerate(pieces):
        at = piece.plane if plane is None else 0
        stack[at, piece.rows, piece.columns] = engine.exact_mean(piece).cpu().numpy()
        yield (done + 1) / len(pieces)
    return result


def denoised(engine: OnePass) -> NDArray[np.float32]:
    """Denoise everything at once: `denoising` for those who can wait."""
    work = denoising(engine)
    while True:
        try:
            next(work)
        except StopIteration as end:
            result: NDArray[np.float32] = end.value
            return result


def _likelihood(
    noise_model: NoiseModel | None, normalization: Normalization, device: torch.device
) -> NoiseModel:
    if noise_model is None:
        raise ValueError(
            "a PN2V network weighs its signals with a noise model, and there is none: "
            "load the model with its noise model, or train it again"
        )
    return noise_model.normalized(normalization.mean, normalization.std).to(device)
