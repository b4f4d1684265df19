"""Every example in docs/ runs; the example with the AWS CLI only on request."""

import os

import pytest

from helpers.documents import ROOT, examples

DOCUMENTS = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "docs").rglob("*.md"))
TESTS = [(document, name) for document in DOCUMENTS for name in examples(document) if name.startswith("test_")]


def test_examples_are_found():
    assert TESTS == [
        ("docs/explanation/timelines.md", "test_timelines"),
        ("docs/explanation/timelines.md", "test_polling"),
        ("docs/explanation/timelines.md", "test_failing_while_polled"),
        ("docs/how-to/events.md", "test_load_export"),
        ("docs/how-to/files.md", "test_loader"),
        ("docs/how-to/files.md", "test_cleanup"),
        ("docs/how-to/files.md", "test_progress"),
        ("docs/how-to/other-processes.md", "test_script"),
        ("docs/how-to/other-processes.md", "test_cli"),
    ]


@pytest.mark.loopback
@pytest.mark.parametrize(("document", "name"), TESTS)
def test_example(pytester, document, name):
    if name == "test_cli" and "RDS_EXPORT_CLIENTS" not in os.environ:
        pytest.skip("on request: tox run -e clients")
    code = examples(document)
    if "from moto import" in code[name]:
        pytest.importorskip("moto")
    scripts = {script: text for script, text in code.items() if not script.startswith("test_")}
    pytester.makepyfile(**{f"{name}_of_the_docs": code[name]}, **scripts)

    pytester.runpytest("-p", "no:randomly").assert_outcomes(passed=code[name].count("def test_"))
