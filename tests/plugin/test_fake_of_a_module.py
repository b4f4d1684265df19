"""A fake that is used by several tests responds in each of them."""


def test_every_test(pytester):
    """A fake of a module responds also after its first test, whose end removes only what is left of ended fakes."""
    pytester.makepyfile(
        """
        import boto3
        import pytest
        from pytest_rds_export import fake_rds_export

        @pytest.fixture(scope="module")
        def tasks():
            with fake_rds_export("nightly") as tasks:
                yield tasks

        @pytest.mark.parametrize("number", [1, 2, 3])
        def test_it(number, tasks):
            boto3.client("rds").describe_export_tasks()
            assert len(tasks.calls) == number
        """
    )
    result = pytester.runpytest_inprocess("-p", "no:randomly")
    result.assert_outcomes(passed=3)
