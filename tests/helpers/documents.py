"""The examples in the documentation: Python blocks that begin with a comment with the file name."""

import re
from contextlib import suppress
from pathlib import Path

# An inner run removes its imports from sys.modules at its end, but not what is imported here.
import boto3  # noqa: F401
import freezegun  # noqa: F401

from pytest_rds_export import _clock, _fake  # noqa: F401

with suppress(ImportError):
    import moto.rds
    import moto.s3  # noqa: F401

ROOT = Path(__file__).parents[2]
_EXAMPLE = re.compile(r"```python\n# (?P<name>\w+)\.py\n(?P<code>.*?)```", re.DOTALL)


def text_of(document):
    """Return the content of a document."""
    return (ROOT / document).read_text("utf-8")


def examples(document):
    """Return the code of each example in a document, by file name. Every Python block must be an example."""
    text = text_of(document)
    found = {match["name"]: match["code"] for match in _EXAMPLE.finditer(text)}
    assert len(found) == text.count("```python")
    return found
