"""The rows of the fidelity page, and their number by strength. As a program it writes the numbers into the page."""

import re
from typing import NamedTuple

from helpers.documents import ROOT

PAGE = ROOT / "docs" / "reference" / "fidelity.md"
STRENGTHS = ("captured", "sibling", "model", "documentation", "relied upon", "inferred", "unknown", "made up")
WEAK = ("inferred", "unknown", "made up")
_COUNTS = re.compile(r"(?<=<!-- counts -->\n).*?(?=<!-- end of counts -->)", re.DOTALL)


class Row(NamedTuple):
    """A behaviour, its evidence, and how to change it."""

    behaviour: str
    evidence: str
    way: str

    @property
    def strength(self):
        """The word with which the evidence begins."""
        return next((word for word in STRENGTHS if self.evidence.lstrip("[").startswith(word)), None)


def rows():
    """Return the rows of all tables of behaviour."""
    tables = re.findall(r"^\| behaviour \|.*\n\| -.*\n((?:\| .*\n)+)", PAGE.read_text("utf-8"), re.MULTILINE)
    return [
        Row(*line.removeprefix("| ").removesuffix("|").split(" | ")) for table in tables for line in table.splitlines()
    ]


def counts():
    """Return the table of numbers by strength."""
    found = [row.strength for row in rows()]
    numbers = [f"| {strength} | {found.count(strength)} |" for strength in STRENGTHS]
    return "\n".join(["", "| evidence | rows |", "| --- | --- |", *numbers, f"| all | {len(found)} |", "", ""])


def written_counts():
    """Return the table of numbers that the page has."""
    return _COUNTS.search(PAGE.read_text("utf-8"))[0]


if __name__ == "__main__":
    PAGE.write_text(_COUNTS.sub(lambda _: counts(), PAGE.read_text("utf-8")), "utf-8")
