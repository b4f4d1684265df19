"""Run every benchmark in turn, each in its own process: ``python benchmarks/run.py [name ...]``."""

from __future__ import annotations

import platform
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

NAMES = ("calls", "scale", "clock", "startup", "endpoint", "life")

if __name__ == "__main__":
    packages = ", ".join(f"{name} {version(name)}" for name in ("botocore", "moto", "pytest", "freezegun"))
    print(f"Python {platform.python_version()}, {packages}", flush=True)
    for name in sys.argv[1:] or NAMES:
        subprocess.run([sys.executable, str(Path(__file__).with_name(f"{name}.py"))], check=True)
