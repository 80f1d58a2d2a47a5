"""The doctor finds what is wrong and names what mends it."""

from __future__ import annotations

import os
import sys

import pytest
import torch

from napari_divnoise.runs import doctor

CARD = doctor.Card("NVIDIA Test 9000", (12, 8))


def test_the_whole_machine_is_looked_at() -> None:
    findings = list(doctor.examine())
    topics = [finding.topic for finding in findings]
    assert topics == [
        "python", "torch", "device", "bfloat16", "napari", "plugin", "Qt", "screen"
    ]  # fmt: skip
    assert all(finding.text and "\n" not in finding.text for finding in findings)
    assert torch.__version__ in findings[1].text


@pytest.mark.skipif(torch.version.cuda is not None, reason="this torch has CUDA")
def test_a_card_that_torch_cannot_use_is_mended() -> None:
    finding = doctor._device(CARD)
    assert "NVIDIA Test 9000" in finding.text
    assert not finding.is_well
    assert "torch" in str(finding.mend)
    assert doctor._device(None).is_well


def test_the_command_is_for_this_python() -> None:
    mend = doctor.torch_mend(CARD)
    words = "12.8" if sys.platform == "win32" else f"{sys.executable} -m pip install"
    assert words in mend


def test_a_missing_library_is_named_with_its_package() -> None:
    report = "ImportError: libEGL.so.1: cannot open shared object file: No such file"
    finding = doctor._broken_qt("PyQt6 6.11", report)
    assert "libEGL.so.1 is missing" in finding.text
    assert "apt-get install" in str(finding.mend)


def test_any_other_reason_is_passed_on() -> None:
    finding = doctor._broken_qt("PyQt6 6.11", "Traceback\nRuntimeError: no fonts")
    assert "no fonts" in finding.text
    assert "pip install" in str(finding.mend)
    assert "no reason" in doctor._broken_qt("PyQt6 6.11", "").text


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="always a screen there")
def test_a_screen_is_what_the_environment_names(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setitem(os.environ, "DISPLAY", ":0")
    assert doctor.has_screen()
    monkeypatch.delitem(os.environ, "DISPLAY")
    assert not doctor.has_screen()
