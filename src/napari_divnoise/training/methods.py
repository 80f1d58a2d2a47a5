"""What each method is made of and needs: the one table that everybody asks."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Method:
    """A way to learn denoising from noisy images.

    Attributes
    ----------
    network : str
        Kind of network, see `napari_divnoise.networks.build_network`.
    needs_noise_model : bool
        Whether it is trained with p(observation | signal).
    has_posterior : bool
        Whether it knows many signals for one observation, or only their mean.
    """

    network: str
    needs_noise_model: bool
    has_posterior: bool


TABLE = {
    "divnoising": Method("divnoising", needs_noise_model=True, has_posterior=True),
    "vae": Method("divnoising", needs_noise_model=False, has_posterior=True),
    "n2v": Method("unet", needs_noise_model=False, has_posterior=False),
    "pn2v": Method("unet", needs_noise_model=True, has_posterior=True),
}
METHODS: tuple[str, ...] = tuple(TABLE)


def needs_noise_model(method: str) -> bool:
    """Return whether a method is trained with a noise model.

    Raises
    ------
    ValueError
        If there is no such method.
    """
    return _of(method).needs_noise_model


def has_posterior(method: str) -> bool:
    """Return whether a method gives samples, or the mean alone.

    Raises
    ------
    ValueError
        If there is no such method.
    """
    return _of(method).has_posterior


def network_kind(method: str) -> str:
    """Return the kind of network that a method trains.

    Raises
    ------
    ValueError
        If there is no such method.
    """
    return _of(method).network


def _of(method: str) -> Method:
    if method not in TABLE:
        raise ValueError(f"method must be one of {', '.join(METHODS)}, got {method!r}")
    return TABLE[method]
