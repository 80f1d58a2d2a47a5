"""``divnoise demo``: the whole journey on images made here."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .options import Debug, Device, Json, Seed
from .output import Output
from .training import follow_training

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..noise import NoiseModel
    from ..runs import Model, Posterior, RunFolder
    from ..sample_data import SyntheticScene
    from ..summaries import Summary

SIZE = 512
MINUTES = 1.5
N_FRAMES = 64
N_KEPT = 16
N_SHOWN = 4
PIXEL_UM = 0.2


def demo(
    *,
    out: Annotated[
        Path, typer.Option(help="Folder for what it makes.", metavar="DIR")
    ] = Path("demo-output"),
    headless: Annotated[
        bool, typer.Option("--headless", help="Write the pictures, open no window.")
    ] = False,
    minutes: Annotated[
        float, typer.Option(help="How long to train, at most.", min=0.01)
    ] = MINUTES,
    samples: Annotated[int, typer.Option(help="Samples behind the mean.", min=2)] = 100,
    size: Annotated[
        int, typer.Option(help="Edge of the image, in pixels.", min=64)
    ] = SIZE,
    seed: Seed = 0,
    device: Device = "auto",
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Go the whole way on images made here: noise, training, samples, pictures.

    Takes two to three minutes on two cores. Where there is a screen, napari opens
    with the results.

    Example: divnoise demo --out demo-output
    """
    output = Output(json=json)
    began = time.monotonic()
    scene, noise_model = _measured_scene(output, size=size, seed=seed)
    folder = _run_folder(out, output)
    model = _trained(
        output, scene, noise_model, folder, minutes=minutes, seed=seed, device=device
    )
    posterior = model.posterior(scene.observation[0], seed=seed, device=device)
    results = _Results(scene, *_summed_up(output, posterior, samples))
    results.write(out, folder)
    seconds = time.monotonic() - began
    output.result(results.sentence(out, seconds), out=str(out), **results.figures())
    if not headless:
        _open_napari(output, out)


def _measured_scene(
    output: Output, *, size: int, seed: int
) -> tuple[SyntheticScene, NoiseModel]:
    """Make a noisy image, and measure its camera on a still scene of its own."""
    from ..noise import calibrate_noise_model
    from ..sample_data import make_cells

    output.say("1 of 4  making noisy cells, and 64 frames of a still scene")
    scene = make_cells(seed=seed, size=size)
    frames = make_cells(seed=seed + 1, size=256).expose(N_FRAMES, seed=seed + 2)
    output.say("2 of 4  measuring the camera's noise on the still scene")
    return scene, calibrate_noise_model(frames, kind="mixture", seed=seed)


def _run_folder(out: Path, output: Output) -> RunFolder:
    from ..runs import RunFolder

    return RunFolder(out / "run", echo=output.repeat)


def _trained(
    output: Output,
    scene: SyntheticScene,
    noise_model: NoiseModel,
    folder: RunFolder,
    *,
    minutes: float,
    seed: int,
    device: str,
) -> Model:
    """Train for a short while; a demo replaces the demo before it."""
    from ..runs import load_model, train
    from ..runs.files import data_hash

    kept = folder.provenance().get("images", {}).get("hash")
    is_ours = kept == data_hash(scene.observation)
    output.say(f"3 of 4  training for {minutes:g} minutes at most")
    job = train(
        scene.observation,
        noise_model=noise_model,
        preset="quick",
        max_minutes=minutes,
        seed=seed,
        device=device,
        run=folder,
        previews=True,
        overwrite=is_ours or (folder.path.parent / "summary.json").exists(),
    )
    return follow_training(job, output) or load_model(folder.path)


def _summed_up(
    output: Output, posterior: Posterior, n_samples: int
) -> tuple[Summary, NDArray[Any]]:
    """Draw the samples, sum them up, and keep the first few."""
    output.say(f"4 of 4  drawing {n_samples} samples")
    steps = posterior.summing_up(n_samples, quantiles=(0.05, 0.95))
    with output.meter("sampling", 1.0) as meter:
        while True:
            try:
                meter(next(steps))
            except StopIteration as end:
                meter(1.0)
                return end.value, posterior.samples(min(N_KEPT, n_samples))


@dataclass(frozen=True, slots=True)
class _Results:
    """What the demo has made of its image."""

    scene: SyntheticScene
    summary: Summary
    samples: NDArray[Any]

    def figures(self) -> dict[str, Any]:
        """Return how near to the truth the image and the mean are, in dB."""
        from ..summaries import psnr

        truth = self.scene.truth[0]
        return {
            "psnr_noisy": round(psnr(truth, self.scene.observation[0]), 2),
            "psnr_sample": round(psnr(truth, self.samples[0]), 2),
            "psnr_mmse": round(psnr(truth, self.summary.mmse), 2),
            "n_samples": self.summary.n_samples,
        }

    def sentence(self, out: Path, seconds: float) -> str:
        """Say what came out, and where it is."""
        found = self.figures()
        return (
            f"done in {seconds:.0f} s: {found['psnr_noisy']:.1f} dB noisy, "
            f"{found['psnr_sample']:.1f} dB one sample, "
            f"{found['psnr_mmse']:.1f} dB the mean of {found['n_samples']}\n"
            f"pictures: {out / 'gallery.png'} and {out / 'samples.gif'}\n"
            f"model:    {out / 'model.divnoise'}\n"
            f"next:     divnoise denoise {out / 'noisy.tif'} --model "
            f"{out / 'model.divnoise'} --out {out / 'denoised'}"
        )

    def write(self, out: Path, folder: RunFolder) -> None:
        """Write images, pictures, the model and the summary."""
        from ..runs.events import to_json
        from ..runs.files import write_whole

        self._write_images(out)
        self._write_pictures(out, folder)
        write_whole(out / "model.divnoise", folder.model_path.read_bytes())
        text = to_json(self.figures(), indent=2) + "\n"
        write_whole(out / "summary.json", text.encode())

    def _write_images(self, out: Path) -> None:
        from ..images import write_tiff

        images = {
            "noisy": self.scene.observation[0],
            "truth": self.scene.truth[0],
            "mmse": self.summary.mmse,
            "std": self.summary.std,
        }
        for level, values in (self.summary.quantiles or {}).items():
            images[f"q{100 * level:02.0f}"] = values
        kwargs: dict[str, Any] = {"scale": (PIXEL_UM,) * 2, "units": ("um",) * 2}
        for name, image in images.items():
            write_tiff(out / f"{name}.tif", image, axes="YX", **kwargs)
        write_tiff(
            out / "samples.tif",
            self.samples,
            axes="SYX",
            scale=(1.0, PIXEL_UM, PIXEL_UM),
            units=("pixel", "um", "um"),
        )

    def _write_pictures(self, out: Path, folder: RunFolder) -> None:
        from ..runs.figures import save_curve, save_gallery, save_samples_gif

        found = self.figures()
        panels = {
            f"noisy, {found['psnr_noisy']:.1f} dB": self.scene.observation[0],
            f"mean of {found['n_samples']}, {found['psnr_mmse']:.1f} dB": (
                self.summary.mmse
            ),
            "std of the samples": self.summary.std,
            "truth": self.scene.truth[0],
        }
        for number, sample in enumerate(self.samples[:N_SHOWN]):
            panels[f"sample {number}"] = sample
        save_gallery(out / "gallery.png", panels, scale=PIXEL_UM)
        save_samples_gif(out / "samples.gif", self.samples)
        save_curve(
            out / "loss.png",
            _curves(folder),
            x_label="seconds of training",
            y_label="loss (nats per pixel)",
        )


def _curves(folder: RunFolder) -> dict[str, tuple[list[float], list[float]]]:
    """Read the losses back from the run folder, as anybody could."""
    events = [event for event in folder.events() if event["event"] == "progress"]
    curves = {}
    for title, name in (("training", "loss"), ("validation", "validation_loss")):
        points = [(e["elapsed_s"], e[name]) for e in events if e[name] is not None]
        if points:
            seconds, losses = zip(*points, strict=True)
            curves[title] = (list(seconds), list(losses))
    return curves


def _open_napari(output: Output, out: Path) -> None:
    """Open the results in napari, as a process of its own, if somebody can see it."""
    from ..runs.doctor import has_screen

    names = ["noisy.tif", "mmse.tif", "std.tif", "samples.tif"]
    is_installed = metadata.entry_points(
        group="napari.manifest", name="napari-divnoise"
    )
    if is_installed:
        names.append("model.divnoise")
    words = ["-m", "napari", *(str(out / name) for name in names)]
    if is_installed:
        words += ["-w", "napari-divnoise", "DivNoise"]
    if not has_screen() or not _has_napari():
        output.say("no screen, or no napari with Qt: divnoise doctor says more")
        return
    output.say("opening napari")
    subprocess.Popen([sys.executable, *words], start_new_session=True)


def _has_napari() -> bool:
    found = {point.metadata["Name"].lower() for point in metadata.distributions()}
    return "napari" in found and bool(found & {"pyqt6", "pyside6"})
