"""Pages of DescribeExportTasks: MaxRecords, Marker, the option ``page_size`` and botocore's paginator."""

import base64

import pytest
from botocore.exceptions import ParamValidationError

from helpers.aws import CLUSTER, SNAPSHOT
from helpers.clients import client_with, shared_client
from helpers.errors import refused
from pytest_rds_export import ExportTask, fake_rds_export

NAMES = [f"task-{number:03}" for number in range(250)]


def names_of(page):
    return [task["ExportTaskIdentifier"] for task in page["ExportTasks"]]


@pytest.fixture
def seeded_client(rds_export_tasks, client):
    rds_export_tasks.seed_all(
        [ExportTask(name, source_arn=SNAPSHOT if index % 2 else CLUSTER) for index, name in enumerate(NAMES)]
    )
    return client


def test_page_has_100_tasks(seeded_client):
    first = seeded_client.describe_export_tasks()
    second = seeded_client.describe_export_tasks(Marker=first["Marker"])
    third = seeded_client.describe_export_tasks(Marker=second["Marker"])

    assert [names_of(page) for page in (first, second, third)] == [NAMES[:100], NAMES[100:200], NAMES[200:]]
    assert "Marker" not in third


@pytest.mark.parametrize("most", [20, 99, 100])
def test_smaller_pages_with_max_records(seeded_client, most):
    first = seeded_client.describe_export_tasks(MaxRecords=most)
    second = seeded_client.describe_export_tasks(MaxRecords=most, Marker=first["Marker"])

    assert names_of(first) == NAMES[:most]
    assert names_of(second) == NAMES[most : 2 * most]


@pytest.mark.parametrize("count", [99, 100, 101])
def test_marker_only_if_more_tasks_follow(client, count):
    with fake_rds_export(*NAMES[:count]):
        page = client.describe_export_tasks()

    assert ("Marker" in page) == (count > 100)


def test_marker_of_a_filtered_page(seeded_client):
    pages = [seeded_client.describe_export_tasks(SourceType="CLUSTER")]
    while "Marker" in pages[-1]:
        pages.append(seeded_client.describe_export_tasks(SourceType="CLUSTER", Marker=pages[-1]["Marker"]))

    assert [names_of(page) for page in pages] == [NAMES[0:200:2], NAMES[200::2]]


def test_filter_that_matches_exactly_one_page(seeded_client):
    wanted = [{"Name": "export-task-identifier", "Values": NAMES[5:25]}]

    page = seeded_client.describe_export_tasks(Filters=wanted, MaxRecords=20)

    assert names_of(page) == NAMES[5:25]
    assert "Marker" not in page


@pytest.mark.parametrize("parameters", [{}, {"PaginationConfig": {"PageSize": 30}}])
def test_paginator_returns_every_task_once(seeded_client, parameters):
    pages = seeded_client.get_paginator("describe_export_tasks").paginate(**parameters)

    assert [name for page in pages for name in names_of(page)] == NAMES


def test_paginator_can_resume(seeded_client):
    paginator = seeded_client.get_paginator("describe_export_tasks")
    pages = paginator.paginate(PaginationConfig={"MaxItems": 130})
    seen = [name for page in pages for name in names_of(page)]
    rest = paginator.paginate(PaginationConfig={"StartingToken": pages.resume_token})

    assert [*seen, *(name for page in rest for name in names_of(page))] == NAMES


def test_page_size_of_one():
    with fake_rds_export("first", "second", "third", page_size=1):
        pages = list(shared_client().get_paginator("describe_export_tasks").paginate())

    assert [names_of(page) for page in pages] == [["first"], ["second"], ["third"]]


def test_page_size_limits_max_records():
    with fake_rds_export(*NAMES[:50], page_size=30):
        page = shared_client().describe_export_tasks(MaxRecords=20)
        larger = shared_client().describe_export_tasks(MaxRecords=100)

    assert (len(page["ExportTasks"]), len(larger["ExportTasks"])) == (20, 30)


@pytest.mark.parametrize("number", [101, 1000, 2**31 - 1])
def test_too_many_records(seeded_client, number):
    with refused("InvalidParameterValue", 400, f"Invalid value {number} for MaxRecords. Must be between 20 and 100"):
        seeded_client.describe_export_tasks(MaxRecords=number)


def test_too_few_records_fail_in_the_client(seeded_client):
    with pytest.raises(ParamValidationError, match="MaxRecords, value: 19, valid min value: 20"):
        seeded_client.describe_export_tasks(MaxRecords=19)


@pytest.mark.parametrize("number", [19, 0, -1])
def test_too_few_records_without_client_validation(seeded_client, number):
    unchecked = client_with(parameter_validation=False)

    with refused("InvalidParameterValue", 400, f"Invalid value {number} for MaxRecords. Must be between 20 and 100"):
        unchecked.describe_export_tasks(MaxRecords=number)


@pytest.mark.parametrize(
    "marker",
    [
        "2",
        "next",
        "nächste",
        "=",
        "A" * 5000,
        base64.urlsafe_b64encode(b"100").decode(),
        base64.urlsafe_b64encode(b"123456789100").decode(),
    ],
)
def test_marker_that_is_not_valid(seeded_client, marker):
    with refused("InvalidParameterValue", 400, f"Invalid value {marker} for Marker."):
        seeded_client.describe_export_tasks(Marker=marker)


def test_marker_of_another_region(seeded_client, rds_export_tasks):
    marker = seeded_client.describe_export_tasks()["Marker"]

    with refused("InvalidParameterValue", 400, f"Invalid value {marker} for Marker."):
        shared_client("eu-west-1").describe_export_tasks(Marker=marker)


def test_task_started_between_pages_is_on_the_last_page(seeded_client, rds_export_tasks):
    first = seeded_client.describe_export_tasks()
    rds_export_tasks.seed("latest")
    second = seeded_client.describe_export_tasks(Marker=first["Marker"])
    third = seeded_client.describe_export_tasks(Marker=second["Marker"])

    assert names_of(third) == [*NAMES[200:], "latest"]
