"""Run benchmarks in turn, each in its own process, and print their figures as one table.

``--write`` puts the rows into the table of ``docs/explanation/benchmarks.md``. Rows that were not measured stay there.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
from contextlib import suppress
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from _measure import ROWS

# "asynchronous" has an environment of its own, because aiobotocore pins botocore.
NAMES = (
    "calls",
    "with_moto",
    "own_client",
    "scale",
    "deliveries",
    "clock",
    "chain",
    "startup",
    "endpoint",
    "sweep",
    "life",
)
PAGE = Path(__file__).parents[1] / "docs/explanation/benchmarks.md"
HEAD = [["what", "measured", "bound", "moto", "Stubber"], ["---"] * 5]
_TABLE = re.compile(r"(?<=<!-- table: begin -->\n\n).*?(?=\n\n<!-- table: end -->)", re.DOTALL)


def environment() -> list[str]:
    """Return a row with the versions, the number of processors and the date."""
    versions = {"Python": platform.python_version()}
    for name in ("botocore", "aiobotocore", "moto", "pytest", "freezegun"):
        with suppress(PackageNotFoundError):
            versions[name] = version(name)
    found = [f"{name} {number}" for name, number in versions.items()]
    found += [f"{os.cpu_count()} processors", f"{datetime.now(timezone.utc):%Y-%m-%d}"]
    title = "environment of the awaited call" if "aiobotocore" in versions else "environment"
    return [title, ", ".join(found), "", "", ""]


def table(rows: list[list[str]]) -> str:
    """Return a Markdown table."""
    rows = [*HEAD, *rows]
    width = max(len(row[0]) for row in rows)
    return "\n".join(
        f"| {row[0]:<{width}} |" + "".join(f" {cell} |" if cell else " |" for cell in row[1:]) for row in rows
    )


def write(rows: list[list[str]]) -> None:
    """Replace these rows of the page's table, or add them."""
    text = PAGE.read_text(encoding="utf-8")
    lines = _TABLE.search(text)[0].splitlines()[len(HEAD) :]
    by_name = {row[0]: row for row in ([cell.strip() for cell in line.split("|")[1:-1]] for line in lines)}
    by_name.update({row[0]: row for row in rows})
    merged = table(list(by_name.values()))
    PAGE.write_text(_TABLE.sub(lambda _: merged, text), encoding="utf-8")


def main() -> None:
    """Run what the command line names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="name", help=f"{', '.join(NAMES)}; asynchronous; default: the former"
    )
    parser.add_argument("--write", action="store_true", help="write the rows into the documentation")
    options = parser.parse_args()
    rows = [environment()]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "rows")
        path.touch()
        for name in options.names or NAMES:
            command = [sys.executable, "-u", str(Path(__file__).with_name(f"{name}.py"))]
            if subprocess.run(command, env={**os.environ, ROWS: str(path)}, check=False).returncode:
                print(f"\n{name} stopped with an error: rows are missing", flush=True)
        rows += map(json.loads, path.read_text(encoding="utf-8").splitlines())
    print("\n" + table(rows))
    if options.write:
        write(rows)


if __name__ == "__main__":
    main()
