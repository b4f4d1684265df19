"""Start-up of pytest: collect an empty file with the plugin and without."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

_PAIRS = 20


def main() -> None:
    """Print the median of the paired differences."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "test_empty.py").touch()

        def collect(*arguments: str) -> float:
            command = [sys.executable, "-m", "pytest", "--co", "-q", "-p", "no:cacheprovider", *arguments]
            start = time.perf_counter()
            subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False)
            return time.perf_counter() - start

        collect()
        pairs = []
        for number in range(_PAIRS):
            # Each runs first in half of the pairs.
            first, second = ((), ("-p", "no:rds_export"))[:: 1 if number % 2 else -1]
            took = {arguments: collect(*arguments) for arguments in (first, second)}
            pairs.append((took[()], took["-p", "no:rds_export"]))
    print(f"\npytest --co of an empty file, {_PAIRS} pairs")
    print(f"  with the plugin    {statistics.median(with_it for with_it, _ in pairs) * 1e3:8.1f} ms")
    print(f"  without            {statistics.median(without for _, without in pairs) * 1e3:8.1f} ms")
    print(
        f"  difference         {statistics.median(ours - bare for ours, bare in pairs) * 1e3:8.1f} ms (median of pairs)"
    )


if __name__ == "__main__":
    main()
