"""The environment that TRL runs in: one of its own, on top of ours, so that both train with the same torch."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

from harness.machine import installed

SHARED = ("torch", "transformers", "peft", "accelerate", "setuptools")
"""What both use in one version; TRL's own requirements come on top."""


def peer_python(folder: Path) -> Path:
    """The Python of the environment in `folder`, made if it is not there: some 20 MB of downloads."""
    python = folder / "bin" / "python"
    if not python.is_file():
        try:
            _make(folder)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)  # half of it would be taken for the whole next time
            raise
    return python


def _make(folder: Path) -> None:
    print(f"making {folder} with TRL …", flush=True)
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    ours = {"base": str(folder), "platbase": str(folder)}
    (Path(sysconfig.get_path("purelib", "venv", vars=ours)) / "beneath.pth").write_text(
        sysconfig.get_path("purelib") + "\n", "utf-8"
    )
    pins = [f"{name}=={version}" for name in SHARED if (version := installed(name))]
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "trl", *pins], check=True)
