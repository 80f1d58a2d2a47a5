"""How fast noise models are fitted, and how likely they make pixels they never saw.

    python benchmarks/noise_models.py speed
    python benchmarks/noise_models.py likelihood [--bootstrap]
    python benchmarks/noise_models.py figures [--out docs/images]

`likelihood` and `figures` need the images that DIVNOISE_DATA names.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil
from _fmd import load

from napari_divnoise.noise import (
    JointHistogram,
    NoiseModel,
    calibration_pairs,
    fit_noise_model,
    fit_to_pairs,
    joint_histogram,
    valid_mask,
    variance_curve,
)

KINDS = {
    "Gaussian": {"kind": "gaussian"},
    "GMM(1,2)": {"kind": "mixture", "n_components": 1},
    "GMM(3,2)": {"kind": "mixture", "n_components": 3},
    "histogram": {"kind": "histogram"},
}
STRIPE = 32


@dataclass(frozen=True)
class Pixels:
    """Pairs to fit, pairs to test, and noisy images for a bootstrap."""

    fit: tuple[np.ndarray, np.ndarray]
    test: tuple[np.ndarray, np.ndarray]
    noisy: np.ndarray


def convallaria_frame() -> np.ndarray:
    """Read the defocused calibration frame."""
    import tifffile

    here = Path(__file__).resolve().parents[1]
    folder = Path(os.environ.get("DIVNOISE_DATA", here.parent / "shared" / "data"))
    name = "calibration_diaphragm_1024_uint16.tif"
    return tifffile.imread(folder / "convallaria" / name)


def convallaria() -> Pixels:
    """Every other stripe of rows is fitted, the others are tested."""
    frame = convallaria_frame()
    odd = np.arange(len(frame)) // STRIPE % 2 == 1
    x, s = calibration_pairs(frame)
    # Where the pairs lie in the frame is known by doing the same to row numbers.
    from napari_divnoise.noise.smooth import _smoothed

    used = _smoothed(frame.astype(np.float32))[2]
    is_odd = np.broadcast_to(odd[:, None], frame.shape)[used]
    return Pixels((x[~is_odd], s[~is_odd]), (x[is_odd], s[is_odd]), frame[None])


def fmd(name: str) -> Pixels:
    """Frames 1 to 3 are fitted, frame 4 is tested; the signal is the mean of 50."""
    field = load(name)
    truth = field.truth
    return Pixels((field.frames[:3], truth), (field.frames[3], truth), field.frames[:3])


SETS = {
    "convallaria": convallaria,
    "Confocal_FISH": lambda: fmd("Confocal_FISH"),
    "Confocal_MICE": lambda: fmd("Confocal_MICE"),
}


def nll(model: NoiseModel, observation: np.ndarray, signal: np.ndarray) -> float:
    """Mean of -log p of all pixels that are not clipped, in nats."""
    x, s = np.broadcast_arrays(observation, signal)
    valid = valid_mask(model, x)
    return -float(
        model.log_prob(observation=x[valid], signal=s[valid]).mean(dtype=float)
    )


def likelihood(*, bootstrap: bool) -> None:
    """Print the table of held-out likelihoods."""
    print("| pixels | noise model from | " + " | ".join(KINDS) + " |")
    print("|---|---|" + "---|" * len(KINDS))
    for name, make in SETS.items():
        pixels = make()
        sources = {"calibration": joint_histogram(*pixels.fit)}
        if bootstrap:
            sources["bootstrap"] = bootstrapped(pixels.noisy)
        for source, pairs in sources.items():
            models = [fit_to_pairs(pairs, **kind) for kind in KINDS.values()]
            row = [f"{nll(model, *pixels.test):.4f}" for model in models]
            print(f"| {name} | {source} | " + " | ".join(row) + " |", flush=True)


def bootstrapped(noisy: np.ndarray) -> JointHistogram:
    """Count pairs without a signal, from the noisy frames alone."""
    from napari_divnoise.runs import bootstrapping_noise_model

    *_, last = bootstrapping_noise_model(noisy, axes="NYX", kind="gaussian", seed=0)
    if last.pairs is None:
        raise SystemExit("the bootstrap gave no pairs")
    return last.pairs


def speed() -> None:
    """Print seconds and peak memory of fits of 1e8 pairs, each in its own process."""
    print("| fit of 1e8 uint16 pairs | seconds | memory beyond the pixels |")
    print("|---|---|---|")
    for name, kind in KINDS.items():
        words = [sys.executable, __file__, "_one", json.dumps(kind)]
        done = subprocess.run(words, check=True, capture_output=True, text=True)
        found = json.loads(done.stdout)
        print(f"| {name} | {found['seconds']:.1f} | {found['megabytes']:.0f} MB |")


def one(kind: dict[str, object]) -> None:
    """Fit once, and say in JSON what it took."""
    import resource

    rng = np.random.default_rng(0)
    signal = (500 + rng.gamma(2, 150, (1000, 1000))).astype(np.float32)
    std = np.sqrt(40 * (signal - 480))
    frames = np.empty((100, 1000, 1000), np.uint16)
    for frame in frames:
        noise = rng.standard_normal(signal.shape, dtype=np.float32)
        frame[...] = np.rint(signal + std * noise)
    # What torch and the first fit load once is not part of it.
    fit_noise_model(frames[:1, :200, :200], signal[:200, :200], **kind)
    before = psutil.Process().memory_info().rss
    start = time.perf_counter()
    fit_noise_model(frames, signal, **kind)
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"seconds": seconds, "megabytes": (peak - before) / 2**20}))


def figures(out: Path) -> None:
    """Draw the variance over the signal, and densities at three signals."""
    import matplotlib

    matplotlib.use("Agg")
    panels = {name: SETS[name]() for name in ("convallaria", "Confocal_MICE")}
    fits = {
        name: (
            joint := joint_histogram(*pixels.fit),
            {label: fit_to_pairs(joint, **kind) for label, kind in KINDS.items()},
        )
        for name, pixels in panels.items()
    }
    draw_variance(fits, out / "noise-variance.png")
    draw_density(fits, out / "noise-density.png")


COLOURS = dict(zip(KINDS, ("#0072B2", "#56B4E9", "#D55E00", "#009E73"), strict=True))


def draw_variance(fits: dict, path: Path) -> None:
    """Variance of four models over the measured curve."""
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(1, 2, figsize=(9, 3.8), layout="constrained")
    for axis, (name, (joint, models)) in zip(axes, fits.items(), strict=True):
        signal, variance, count = variance_curve(joint)
        clear = count > 0.2 * np.median(count)
        at = np.linspace(*joint.signal_range, 400)
        for label, model in models.items():
            axis.plot(at, model.variance(at), color=COLOURS[label], label=label)
        axis.plot(signal[clear], variance[clear], "k--", lw=1, label="measured")
        axis.set(title=name, xlabel="signal (grey values)", ylabel="noise variance")
        axis.set_ylim(0, 1.3 * variance[clear].max())
    axes[0].legend(frameon=False)
    figure.savefig(path, dpi=100)
    plt.close(figure)


def draw_density(fits: dict, path: Path) -> None:
    """p(observation | signal) at three signals, over what was counted there."""
    from matplotlib import pyplot as plt

    figure, grid = plt.subplots(2, 3, figsize=(9, 5.4), layout="constrained")
    for row, (name, (joint, models)) in zip(grid, fits.items(), strict=True):
        order = np.argsort(joint.signal)
        upto = joint.count[order].cumsum() / joint.count.sum()
        levels = joint.signal[order][np.searchsorted(upto, (0.1, 0.6, 0.97))]
        for axis, level in zip(row, levels, strict=True):
            _one_density(axis, joint, models, float(level))
            axis.set(title=f"{name}, signal {level:.0f}")
    for axis in grid[:, 0]:
        axis.set_ylabel("density per grey value")
    for axis in grid[1]:
        axis.set_xlabel("observation (grey values)")
    grid[0, 0].legend(frameon=False, fontsize=8)
    figure.savefig(path, dpi=100)
    plt.close(figure)


def _one_density(axis: object, joint: object, models: dict, level: float) -> None:
    x, s, count = joint.tabled()
    near = np.abs(s - level) <= 0.15 * np.sqrt(
        models["Gaussian"].variance(np.array(level))
    )
    first, last = joint.observation_range
    edges = np.linspace(first, last, joint.table.shape[1] + 1)
    counted, _ = np.histogram(x[near], edges, weights=count[near])
    std = float(np.sqrt(models["histogram"].variance(np.array(level))))
    # Bins of a quarter of a standard deviation, each of whole columns.
    together = max(1, round(0.25 * std / (edges[1] - edges[0])))
    n = len(counted) // together * together
    counted = counted[:n].reshape(-1, together).sum(1)
    edges = edges[: n + 1 : together]
    axis.stairs(
        counted / counted.sum() / np.diff(edges),
        edges,
        fill=True,
        color="0.85",
        label="measured",
    )
    at = np.linspace(level - 4 * std, level + 5 * std, 500)
    for label, model in models.items():
        p = np.exp(model.log_prob(observation=at, signal=np.full_like(at, level)))
        axis.plot(at, p, color=COLOURS[label], lw=1.2, label=label)
    axis.set_xlim(at[0], at[-1])


def main() -> None:
    """Do what the command line asks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["speed", "likelihood", "figures", "_one"])
    parser.add_argument("kind", nargs="?", default="{}", help=argparse.SUPPRESS)
    parser.add_argument("--bootstrap", action="store_true", help="also without signal")
    docs = Path(__file__).resolve().parents[1] / "docs" / "images"
    parser.add_argument("--out", type=Path, default=docs)
    asked = parser.parse_args()
    warnings.filterwarnings("ignore", category=UserWarning)
    if asked.what == "speed":
        speed()
    elif asked.what == "likelihood":
        likelihood(bootstrap=asked.bootstrap)
    elif asked.what == "figures":
        figures(asked.out)
    else:
        one(json.loads(asked.kind))


if __name__ == "__main__":
    main()
