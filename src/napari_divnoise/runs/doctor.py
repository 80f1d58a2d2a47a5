"""What this machine can do, what is in the way, and the command that mends it."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from importlib import metadata
from typing import TYPE_CHECKING

import torch
from torch.nn import functional

from ..networks import fast_dtype, resolve_device
from ..networks.precision import WORTHWHILE_SPEEDUP

if TYPE_CHECKING:
    from collections.abc import Iterator

TORCH_PAGE = "https://pytorch.org/get-started/locally"
QT_BINDINGS = ("PyQt6", "PySide6")

_OPEN_QT = (
    "from qtpy.QtWidgets import QApplication, QLabel; "
    "app = QApplication([]); label = QLabel('.'); label.show(); app.processEvents()"
)
_LIBRARY = re.compile(r"(lib[\w.+-]+\.so[\w.]*): cannot open shared object")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes
    ----------
    topic : str
        What: "torch", "device", "napari", ...
    text : str
        What was found, in words.
    mend : str, optional
        The command or act that mends it; None if all is well.
    """

    topic: str
    text: str
    mend: str | None = None

    @property
    def is_well(self) -> bool:
        """Whether there is nothing to mend."""
        return self.mend is None


@dataclass(frozen=True, slots=True)
class Card:
    """An NVIDIA card as its driver describes it.

    Attributes
    ----------
    name : str
        What the maker calls it.
    cuda : tuple of int
        The newest CUDA that the driver supports, ``(major, minor)``.
    """

    name: str
    cuda: tuple[int, int]


def examine() -> Iterator[Finding]:
    """Look at the machine, one finding after the other.

    Yields
    ------
    Finding
        Nothing is changed or installed. Opening Qt happens in a child process,
        because a broken Qt ends the process that loads it.
    """
    yield Finding("python", f"{platform.python_version()} on {platform.platform()}")
    yield _torch()
    yield _device(find_card())
    yield _precision()
    yield _napari()
    yield _plugin()
    yield _qt()
    yield _screen()


def find_card() -> Card | None:
    """Return the first NVIDIA card, or None, by asking its driver and not torch."""
    if shutil.which("nvidia-smi") is None:
        return None
    try:
        text = _output("nvidia-smi")
        names = _output("nvidia-smi", "--query-gpu=name", "--format=csv,noheader")
    except (OSError, subprocess.SubprocessError):
        return None
    version = re.search(r"CUDA Version:\s*(\d+)\.(\d+)", text)
    cuda = (int(version[1]), int(version[2])) if version else (0, 0)
    return Card(names.strip().splitlines()[0], cuda) if names.strip() else None


def torch_mend(card: Card) -> str:
    """Return what makes torch use a card: a command, and where to look if it fails.

    Notes
    -----
    On Linux the torch that pip finds by itself is built for CUDA; on Windows it is
    not, and PyTorch's own page gives the command for the driver at hand.
    """
    if sys.platform == "win32":
        major, minor = card.cuda
        return (
            f"take the pip command for CUDA {major}.{minor} or older from {TORCH_PAGE}"
        )
    return _pip("--force-reinstall", "--no-cache-dir", "torch")


def has_screen() -> bool:
    """Whether a window could be shown to somebody here."""
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _output(*command: str) -> str:
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=20, check=True
    )
    return done.stdout


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _torch() -> Finding:
    build = torch.version.cuda
    kind = f"built for CUDA {build}" if build else "built without CUDA"
    threads = torch.get_num_threads()
    return Finding("torch", f"{torch.__version__}, {kind}, {threads} CPU threads")


def _device(card: Card | None) -> Finding:
    """Name the device that "auto" gives, and whether a card lies idle beside it."""
    device = resolve_device("auto")
    if device.type == "cuda":
        gigabytes = torch.cuda.get_device_properties(device).total_memory / 2**30
        name = torch.cuda.get_device_name(device)
        return Finding("device", f"cuda: {name}, {gigabytes:.0f} GiB")
    if card is None:
        return Finding("device", f"{device.type}: no NVIDIA card is needed or found")
    if torch.version.cuda is None:
        text = f"{device.type}, although there is a {card.name}: this torch has no CUDA"
        return Finding("device", text, torch_mend(card))
    text = (
        f"{device.type}, although there is a {card.name}: torch wants CUDA "
        f"{torch.version.cuda}, the driver has {card.cuda[0]}.{card.cuda[1]}"
    )
    mend = f"update the NVIDIA driver, or take an older torch build from {TORCH_PAGE}"
    return Finding("device", text, mend)


def _precision() -> Finding:
    """Measure a convolution of the network's own shape in both precisions."""
    device = resolve_device("auto")
    single = _convolution_ms(device, torch.float32)
    half = _convolution_ms(device, torch.bfloat16)
    is_used = single / half > WORTHWHILE_SPEEDUP
    if device.type != "cpu":
        is_used = fast_dtype(device.type) is torch.bfloat16
    return Finding(
        "bfloat16",
        f"{single / half:.1f} times as fast as float32 "
        f"({half:.1f} against {single:.1f} ms): {'used' if is_used else 'not used'}",
    )


def _convolution_ms(device: torch.device, dtype: torch.dtype) -> float:
    """Shortest time of a 3x3 convolution, 32 to 32 channels, 8 images of 128x128."""
    generator = torch.Generator().manual_seed(0)
    layout = torch.channels_last
    x = torch.randn((8, 32, 128, 128), generator=generator)
    weight = torch.randn((32, 32, 3, 3), generator=generator)
    x = x.to(device, dtype, memory_format=layout)
    weight = weight.to(device, dtype, memory_format=layout)
    times = []
    with torch.inference_mode():
        for _ in range(7):
            begin = time.perf_counter()
            functional.conv2d(x, weight, padding=1)
            if device.type == "cuda":
                torch.cuda.synchronize(device)
            times.append(1e3 * (time.perf_counter() - begin))
    return min(times)


def _napari() -> Finding:
    version = _version("napari")
    if version is None:
        return Finding("napari", "is not installed", _pip("napari[all]"))
    return Finding("napari", version)


def _plugin() -> Finding:
    """Say whether napari will find this package."""
    points = metadata.entry_points(group="napari.manifest", name="napari-divnoise")
    if points:
        return Finding("plugin", f"napari-divnoise {_version('napari-divnoise')}")
    text = "napari does not see napari-divnoise, because it is not installed"
    return Finding("plugin", text, _pip("napari-divnoise"))


def _qt() -> Finding:
    """Open and close a window that nobody sees, in a child process."""
    found = {name: _version(name) for name in QT_BINDINGS}
    bindings = ", ".join(f"{name} {found[name]}" for name in found if found[name])
    if not bindings:
        return Finding("Qt", "no PyQt6 and no PySide6", _pip("napari[all]"))
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    try:
        child = subprocess.run(
            [sys.executable, "-c", _OPEN_QT],
            capture_output=True,
            text=True,
            timeout=120,
            env=environment,
            check=False,
        )
    except subprocess.TimeoutExpired:
        mend = _pip("--force-reinstall", "napari[all]")
        return Finding("Qt", f"{bindings} hangs", mend)
    if child.returncode == 0:
        return Finding("Qt", bindings)
    return _broken_qt(bindings, child.stderr)


def _broken_qt(bindings: str, report: str) -> Finding:
    """Read from a child's last words why Qt does not start."""
    missing = _LIBRARY.search(report)
    if missing:
        text = f"{bindings} does not start: {missing[1]} is missing"
        return Finding(
            "Qt", text, "apt-get install -y libegl1 libgl1 libxkbcommon0 libdbus-1-3"
        )
    lines = report.strip().splitlines() or ["it gave no reason"]
    text = f"{bindings} does not start: {lines[-1]}"
    return Finding("Qt", text, _pip("--force-reinstall", "napari[all]"))


def _screen() -> Finding:
    if has_screen():
        return Finding("screen", "there is one")
    return Finding("screen", "none: pictures are written to files instead")


def _pip(*names: str) -> str:
    quoted = " ".join(f'"{name}"' if "[" in name else name for name in names)
    return f"{sys.executable} -m pip install {quoted}"
