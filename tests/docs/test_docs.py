"""Every example in docs/ runs; the example with the AWS CLI only on request."""

import os

import pytest

from helpers.documents import ROOT, examples

DOCUMENTS = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "docs").glob("*.md"))
TESTS = [(document, name) for document in DOCUMENTS for name in examples(document) if name.startswith("test_")]


def test_examples_are_found():
    assert TESTS == [
        ("docs/endpoint.md", "test_script"),
        ("docs/endpoint.md", "test_cli"),
        ("docs/events.md", "test_load_export"),
        ("docs/files.md", "test_loader"),
        ("docs/files.md", "test_cleanup"),
        ("docs/files.md", "test_progress"),
        ("docs/reference.md", "test_sources"),
        ("docs/reference.md", "test_credentials"),
        ("docs/reference.md", "test_moto"),
        ("docs/time.md", "test_timelines"),
        ("docs/time.md", "test_polling"),
        ("docs/time.md", "test_failing_while_polled"),
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
