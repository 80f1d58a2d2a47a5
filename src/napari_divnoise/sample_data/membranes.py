"""An epithelium: cells that meet in thin membranes, and the lumens between them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from scipy.spatial import cKDTree

from .optics import MARGIN, PSF_SIGMA, Float, sigmoid, texture


def paint_membranes(rng: np.random.Generator, size: int) -> Float:
    """Return the photons of an epithelium, sharp in one part and hazy in another."""
    edge = size + 2 * MARGIN
    seeds = _cell_centres(rng, edge)
    lumen = texture(rng, edge, 42) > 1.25
    light = _membrane_light(rng, seeds, lumen)
    focus = sigmoid(3 * (texture(rng, edge, 70) + 0.7))
    light = focus * light + (1 - focus) * ndimage.gaussian_filter(light, 2.5)
    haze = 0.7 + 0.15 * ndimage.gaussian_filter(light, 14)
    photons = ndimage.gaussian_filter(light + haze, PSF_SIGMA)
    return np.asarray(photons[MARGIN:-MARGIN, MARGIN:-MARGIN])


def _cell_centres(rng: np.random.Generator, edge: int) -> Float:
    """Return evenly spread centres (cells, 2), denser in some places, in pixels.

    Lloyd's relaxation: every centre moves to the centroid of what is nearest to it.
    """
    grid = np.mgrid[0:edge:4, 0:edge:4].reshape(2, -1).T.astype(np.float64)
    weight = np.exp(0.3 * texture(rng, edge, 70))[::4, ::4].ravel()
    n = max(4, round(edge**2 / 30**2))
    centres = grid[rng.choice(len(grid), n, replace=False, p=weight / weight.sum())]
    for _ in range(3):
        owner = cKDTree(centres).query(grid)[1]
        mass = np.bincount(owner, weight, minlength=n) + 1e-9
        sums = [np.bincount(owner, weight * axis, minlength=n) for axis in grid.T]
        centres = np.stack(sums, axis=1) / mass[:, None]
    return centres


def _membrane_light(
    rng: np.random.Generator, centres: Float, lumen: npt.NDArray[np.bool_]
) -> Float:
    """Return the photons of membranes and cytoplasm before the optics."""
    edge = len(lumen)
    bend = [2.5 * texture(rng, edge, 16) + 0.8 * texture(rng, edge, 5) for _ in "yx"]
    places = (np.mgrid[0:edge, 0:edge] + bend).reshape(2, -1).T
    distance, cell = cKDTree(centres).query(places, k=3)
    open_space = lumen[tuple(np.clip(centres, 0, edge - 1).astype(int).T)][cell]
    strength = _membrane_strength(rng, cell, open_space)
    to_second, to_third = (_to_border(centres, distance, cell, k) for k in (1, 2))
    strength *= 1 + 0.7 * np.exp(-((to_third / 4) ** 2))  # three cells meet
    membranes = 13 * strength * np.exp(-((to_second / 1.2) ** 2))
    cytoplasm = rng.lognormal(0.3, 0.4, len(centres))[cell[:, 0]] * ~open_space[:, 0]
    light = (membranes + cytoplasm).reshape(edge, edge)
    return np.asarray(light * np.exp(0.3 * texture(rng, edge, 3.5) - 0.05))


def _membrane_strength(
    rng: np.random.Generator,
    cell: npt.NDArray[np.intp],
    open_space: npt.NDArray[np.bool_],
) -> Float:
    """Return the brightness of the membrane next to each pixel, around 1.

    One in twelve is nearly dark, those that line a lumen are brighter, and inside a
    lumen there is none.
    """
    table = rng.lognormal(0, 0.3, 4093) * np.where(rng.random(4093) < 1 / 12, 0.15, 1)
    first, second = cell[:, 0], cell[:, 1]
    pair = np.minimum(first, second) * 7919 + np.maximum(first, second)
    lining = open_space[:, 0] ^ open_space[:, 1]
    inner = open_space[:, 0] & open_space[:, 1]
    return np.asarray(np.where(lining, 1.4, table[pair % 4093]) * ~inner)


def _to_border(
    centres: Float, distance: Float, cell: npt.NDArray[np.intp], k: int
) -> Float:
    """Return each pixel's distance to the line halfway to its `k`-th next centre."""
    apart = np.linalg.norm(centres[cell[:, k]] - centres[cell[:, 0]], axis=1)
    return np.asarray((distance[:, k] ** 2 - distance[:, 0] ** 2) / (2 * apart))
