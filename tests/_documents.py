"""The examples of the documents: their Python blocks, each beginning with a comment that names its file."""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
_EXAMPLE = re.compile(r"```python\n# (?P<name>\w+)\.py\n(?P<code>.*?)```", re.DOTALL)


def text_of(document):
    return (ROOT / document).read_text("utf-8")


def examples(document):
    """The code of a document's examples, by the name of the file. Every Python block is one."""
    text = text_of(document)
    found = {match["name"]: match["code"] for match in _EXAMPLE.finditer(text)}
    assert len(found) == text.count("```python")
    return found
