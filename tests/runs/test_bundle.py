"""A model file is read back as it was, and a bad one is refused and runs nothing."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from napari_divnoise.runs.bundle import (
    Bundle,
    load_bundle,
    read_cover,
    read_info,
    save_bundle,
)

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def bundle() -> Bundle:
    rng = np.random.default_rng(0)
    return Bundle(
        info={"package_version": "1.2", "network": {"depth": 2}, "record": {"seed": 3}},
        weights={"a.weight": rng.normal(size=(4, 3)).astype(np.float32)},
        noise_model={"kind": np.array("gaussian"), "slope": np.array(2.0)},
        cover=b"\x89PNG picture",
    )


@pytest.fixture
def path(bundle: Bundle, tmp_path: Path) -> Path:
    return save_bundle(bundle, tmp_path / "a.divnoise")


def _rewritten(path: Path, **parts: bytes) -> Path:
    """Copy a bundle with some of its parts replaced, `_` standing for a dot."""
    target = path.with_name("changed.divnoise")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            new.writestr(name, parts.get(name.partition(".")[0], old.read(name)))
    return target


def _info_with(path: Path, **changes: Any) -> bytes:
    return json.dumps({**read_info(path), **changes}).encode()


def test_all_parts_come_back(bundle: Bundle, path: Path) -> None:
    back = load_bundle(path)
    np.testing.assert_array_equal(back.weights["a.weight"], bundle.weights["a.weight"])
    assert back.noise_model is not None
    assert back.noise_model["slope"] == 2.0
    assert str(back.noise_model["kind"]) == "gaussian"
    assert back.cover == read_cover(path) == bundle.cover
    assert back.info["record"] == {"seed": 3}
    assert read_info(path)["network"] == {"depth": 2}


def test_noise_model_and_cover_may_be_missing(tmp_path: Path) -> None:
    path = save_bundle(Bundle({}, {"w": np.zeros(2, np.float32)}), tmp_path / "m")
    assert path.name == "m.divnoise"
    back = load_bundle(path)
    assert back.noise_model is None
    assert back.cover is None


@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.99])
def test_a_file_cut_short_is_refused(path: Path, share: float) -> None:
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(ValueError, match=r"damaged.*copy it again"):
        load_bundle(path)


def test_a_changed_byte_anywhere_is_noticed(path: Path, bundle: Bundle) -> None:
    whole = bytearray(path.read_bytes())
    for position in range(0, len(whole), 97):
        changed = whole.copy()
        changed[position] ^= 0xFF
        path.write_bytes(changed)
        try:
            back = load_bundle(path)
        except ValueError:
            continue
        # Dates and the like may change; what counts may not.
        np.testing.assert_array_equal(
            back.weights["a.weight"], bundle.weights["a.weight"]
        )


@pytest.mark.parametrize("content", [b"", b"P5 2 2 255 abcd", b"\x93NUMPY"])
def test_another_program_s_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other.divnoise"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="not a napari-divnoise model"):
        read_info(path)


def test_another_zip_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.divnoise"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("data.pkl", b"cos\nsystem\n(S'echo'\ntR.")
    with pytest.raises(ValueError, match="not a napari-divnoise model"):
        load_bundle(path)


def test_another_version_says_what_to_install(path: Path) -> None:
    changed = _rewritten(path, model=_info_with(path, format_version=9))
    with pytest.raises(ValueError, match=r"version 9.*1\.2.*pip install --upgrade"):
        load_bundle(changed)


def test_weights_of_another_model_are_noticed(path: Path) -> None:
    changed = _rewritten(path, model=_info_with(path, weights_hash="0" * 16))
    with pytest.raises(ValueError, match="not those it was written with"):
        load_bundle(changed)


def test_a_noise_model_that_would_run_code_is_refused(path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[Any, ...]:
            return pytest.fail, ("code of the file was run",)

    buffer = io.BytesIO()
    np.savez(buffer, kind=np.array(Trap(), dtype=object))
    changed = _rewritten(path, noise_model=buffer.getvalue())
    with pytest.raises(ValueError, match=r"noise_model\.npz"):
        load_bundle(changed)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no model file .*gone\.divnoise"):
        load_bundle(tmp_path / "gone.divnoise")


def test_looking_at_a_model_needs_no_torch(path: Path) -> None:
    code = (
        "import sys; from napari_divnoise.runs import RunFolder, read_info\n"
        "read_info(sys.argv[1]); RunFolder('nowhere').describe()\n"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code, str(path)], check=True)
