"""A trained network with all that using it needs: in memory, and as one file."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..images import from_ncyx, open_images
from ..networks import resolve_device
from ..training import has_posterior
from .bundle import Bundle, save_bundle
from .engines import OnePass, denoised, one_pass_of, sampler_of
from .files import arrays_hash
from .posterior import Posterior

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray

    from ..images import ImageStack, Normalization
    from ..networks import Network
    from ..noise import NoiseModel
    from ..training import TrainingConfig

N_SAMPLES = 100
"""Samples behind one denoised picture: 0.04 dB below a thousand (algorithms.md 5)."""


@dataclass(frozen=True, slots=True)
class Model:
    """A trained model: from a noisy image to the clean ones that could be behind it.

    Attributes
    ----------
    network : DivNoising or UNet
        Averaged weights, in evaluation mode.
    normalization : Normalization
        Camera units to network units, as in training.
    noise_model : NoiseModel or None
        p(observation | signal), in camera units; None for methods without one.
    config : TrainingConfig
        What it was trained with.
    record : dict
        Where it comes from: versions, seed, date, hash of the data, losses.
    """

    network: Network
    normalization: Normalization
    noise_model: NoiseModel | None
    config: TrainingConfig
    record: dict[str, Any]

    @property
    def method(self) -> str:
        """What it was trained with, such as ``"divnoising"``."""
        return str(self.config.method)

    @property
    def has_posterior(self) -> bool:
        """Whether there are samples, or the denoised image alone (N2V)."""
        return has_posterior(self.method)

    def posterior(
        self,
        image: Any,
        *,
        seed: int = 0,
        device: str = "auto",
        axes: str | None = None,
        channel: int | str | None = None,
        precision: str = "auto",
    ) -> Posterior:
        """Return the distribution over the signals behind `image`.

        Parameters
        ----------
        image : array, path or ImageStack
            One image ``(Y, X)``, a stack ``(N, Y, X)``, any axes with `axes`, or what
            `open_images` opens; camera units.
        seed : int
            Sample number k is the same picture for the same model, image and seed.
        device : str
            ``"auto"``, ``"cpu"``, ``"cuda"`` or ``"mps"``.
        axes : str, optional
            Letters of the axes, such as ``"TYX"``.
        channel : int or str, optional
            Which channel, if the image has several.
        precision : str
            ``"auto"``, ``"float32"`` or ``"bfloat16"``.

        Raises
        ------
        ValueError
            If the axes do not fit, there are several channels and none is chosen, or
            the method knows no posterior.
        """
        if not self.has_posterior:
            raise ValueError(
                f'method "{self.method}" gives one denoised image and no posterior: '
                'call denoise, or train with "divnoising" or "pn2v" to have samples'
            )
        stack = open_image(image, axes=axes, channel=channel)
        sampler = sampler_of(
            self._network_for(resolve_device(device)),
            self.normalization,
            self.noise_model,
            _planes(stack),
            seed=seed,
            device=device,
            precision=precision,
        )
        return Posterior(sampler)

    def one_pass(
        self, pixels: Any, *, device: str = "auto", precision: str = "auto"
    ) -> OnePass | None:
        """Return what denoises without samples: for N2V and PN2V, else None.

        Parameters
        ----------
        pixels : array
            ``(Y, X)`` or ``(N, Y, X)``, camera units.
        device, precision : str
            As for `posterior`.
        """
        network = self._network_for(resolve_device(device))
        return one_pass_of(
            network,
            self.normalization,
            self.noise_model,
            pixels,
            device=device,
            precision=precision,
        )

    def denoise(
        self,
        image: Any,
        *,
        n_samples: int = N_SAMPLES,
        seed: int = 0,
        device: str = "auto",
        axes: str | None = None,
        channel: int | str | None = None,
        precision: str = "auto",
    ) -> NDArray[np.float32]:
        """Return the MMSE estimate: the mean of `n_samples` posterior samples.

        N2V and PN2V know it without samples. Parameters and errors are those of
        `posterior`.

        Returns
        -------
        ndarray of float32
            Camera units, in the axes of `image`, without the channel axis if one
            channel was chosen.
        """
        stack = open_image(image, axes=axes, channel=channel)
        how: dict[str, Any] = {"device": device, "precision": precision}
        engine = self.one_pass(one_channel(stack), **how)
        if engine is None:
            mmse = self.posterior(stack, seed=seed, **how).summarise(n_samples).mmse
        else:
            mmse = denoised(engine)
        mmse = mmse.reshape(stack.n_images, 1, *stack.size)
        restored: NDArray[np.float32] = from_ncyx(mmse, stack.axes, stack.shape)
        return restored

    def save(self, path: str | Path, *, cover: bytes | None = None) -> Path:
        """Write the model to one ``*.divnoise`` file, whole or not at all.

        Parameters
        ----------
        path : str or Path
            The file; the ending is added if it is missing.
        cover : bytes, optional
            A small PNG picture of what the model made.

        Returns
        -------
        Path
            The file.
        """
        arrays = None if self.noise_model is None else self.noise_model.as_arrays()
        info = {
            "package_version": self.record.get("package_version"),
            "network": {"kind": self.network.kind, **self.network.configuration()},
            "normalization": self.normalization.as_dict(),
            "training": self.config.model_dump(mode="json"),
            "record": self.record,
        }
        return save_bundle(Bundle(info, self._weights(), arrays, cover), path)

    @property
    def hash(self) -> str:
        """Fingerprint of the weights: the same model, the same samples."""
        return arrays_hash(self._weights())

    def _network_for(self, device: torch.device) -> Network:
        """Return the network, or a copy for another device than its own.

        A sampler moves its network: one that is in use elsewhere must not follow.
        """
        at_home = next(self.network.parameters()).device.type == device.type
        return self.network if at_home else deepcopy(self.network)

    def _weights(self) -> dict[str, NDArray[Any]]:
        state = self.network.state_dict()
        return {k: v.detach().cpu().contiguous().numpy() for k, v in state.items()}


def open_image(
    image: Any, *, axes: str | None, channel: int | str | None
) -> ImageStack:
    """Open anything that holds images; ``.npy`` files, too, as memory maps."""
    if isinstance(image, str | Path) and Path(image).suffix == ".npy":
        image = np.load(Path(image).expanduser(), mmap_mode="r", allow_pickle=False)
    elif isinstance(image, list | tuple) and len(image) == 1:
        return open_image(image[0], axes=axes, channel=channel)
    return open_images(image, axes=axes, channel=channel)


def _planes(stack: ImageStack) -> Any:
    """Return ``(Y, X)`` if the axes name one image, else ``(N, Y, X)``."""
    pixels = one_channel(stack)
    return pixels if set(stack.axes) - set("CYX") else pixels[0]


def one_channel(stack: ImageStack) -> Any:
    """Return the images of a stack with one channel as ``(N, Y, X)``, lazily.

    Raises
    ------
    ValueError
        If there are several channels.
    """
    if stack.n_channels > 1:
        names = ", ".join(stack.channel_names) or f"0 to {stack.n_channels - 1}"
        raise ValueError(
            f"the images have {stack.n_channels} channels ({names}): noise differs "
            "from detector to detector, choose one with channel=0 (--channel 0)"
        )
    return stack.data[:, 0]
