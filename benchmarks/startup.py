"""Start-up of pytest: the processor time of collecting an empty file, with the plugin and without.

Only with an installed wheel is it what users have: an editable installation looks for modules in more places.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from _measure import Contender, median_of, record, side_by_side


def children() -> float:
    """Return the processor time of the child processes that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    """Measure 40 alternating pairs."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "test_empty.py").touch()

        def collecting(*arguments: str) -> Contender:
            command = [sys.executable, "-m", "pytest", "--co", "-q", "-p", "no:cacheprovider", *arguments]

            def collect() -> None:
                subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False)

            return lambda runs: median_of(runs, collect, children)

        contenders = {"without the plugin": collecting("-p", "no:rds_export"), "with it": collecting()}
        _, ours = side_by_side("pytest --co of an empty file", contenders, blocks=40, runs=1)
    what = "start-up of pytest with the plugin unused"
    record(what, ours.difference * 1e3, "ms", at_most=5)


if __name__ == "__main__":
    main()
