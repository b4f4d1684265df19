"""Pages of DescribeExportTasks: MaxRecords, Marker, the option ``page_size`` and botocore's paginator."""

import base64

import pytest
from botocore.exceptions import ParamValidationError
from freezegun import freeze_time

from helpers.aws import CLUSTER, SNAPSHOT
from helpers.clients import client_with, shared_client
from helpers.errors import refused
from pytest_rds_export import ExportTask, Polls, Timeline, fake_rds_export

NAMES = [f"task-{number:03}" for number in range(250)]


def names_of(page):
    """The identifiers of the tasks on a page."""
    return [task["ExportTaskIdentifier"] for task in page["ExportTasks"]]


@pytest.fixture
def seeded_client(rds_export_tasks, client):
    """A client in whose region there are 250 tasks, in turn of a cluster and of a snapshot."""
    rds_export_tasks.seed_all(
        [ExportTask(name, source_arn=SNAPSHOT if index % 2 else CLUSTER) for index, name in enumerate(NAMES)]
    )
    return client


def test_default(seeded_client):
    """A page has 100 tasks, and its Marker leads to the next."""
    first = seeded_client.describe_export_tasks()
    second = seeded_client.describe_export_tasks(Marker=first["Marker"])
    third = seeded_client.describe_export_tasks(Marker=second["Marker"])

    assert [names_of(page) for page in (first, second, third)] == [NAMES[:100], NAMES[100:200], NAMES[200:]]
    assert "Marker" not in third


@pytest.mark.parametrize("most", [20, 99, 100])
def test_max_records(seeded_client, most):
    """MaxRecords makes the pages smaller."""
    first = seeded_client.describe_export_tasks(MaxRecords=most)
    second = seeded_client.describe_export_tasks(MaxRecords=most, Marker=first["Marker"])

    assert names_of(first) == NAMES[:most]
    assert names_of(second) == NAMES[most : 2 * most]


@pytest.mark.parametrize("count", [99, 100, 101])
def test_last_page(client, count):
    """A page has a Marker only if more tasks follow."""
    with fake_rds_export(*NAMES[:count]):
        page = client.describe_export_tasks()

    assert ("Marker" in page) == (count > 100)


def test_filtered_pages(seeded_client):
    """A page of filtered tasks is full, and its Marker leads to the next of them."""
    pages = [seeded_client.describe_export_tasks(SourceType="CLUSTER")]
    while "Marker" in pages[-1]:
        pages.append(seeded_client.describe_export_tasks(SourceType="CLUSTER", Marker=pages[-1]["Marker"]))

    assert [names_of(page) for page in pages] == [NAMES[0:200:2], NAMES[200::2]]


def test_filtered_single_page(seeded_client):
    """A filter that matches exactly one page has no Marker."""
    wanted = [{"Name": "export-task-identifier", "Values": NAMES[5:25]}]

    page = seeded_client.describe_export_tasks(Filters=wanted, MaxRecords=20)

    assert names_of(page) == NAMES[5:25]
    assert "Marker" not in page


@pytest.mark.parametrize("parameters", [{}, {"PaginationConfig": {"PageSize": 30}}])
def test_paginator(seeded_client, parameters):
    """The paginator of boto3 returns every task once."""
    pages = seeded_client.get_paginator("describe_export_tasks").paginate(**parameters)

    assert [name for page in pages for name in names_of(page)] == NAMES


def test_resumed_paginator(seeded_client):
    """The paginator of boto3 can resume within a page."""
    paginator = seeded_client.get_paginator("describe_export_tasks")
    pages = paginator.paginate(PaginationConfig={"MaxItems": 130})
    seen = [name for page in pages for name in names_of(page)]
    rest = paginator.paginate(PaginationConfig={"StartingToken": pages.resume_token})

    assert [*seen, *(name for page in rest for name in names_of(page))] == NAMES


def test_page_size():
    """The option page_size may be one."""
    with fake_rds_export("first", "second", "third", page_size=1):
        pages = list(shared_client().get_paginator("describe_export_tasks").paginate())

    assert [names_of(page) for page in pages] == [["first"], ["second"], ["third"]]


def test_page_size_and_max_records():
    """A page has as many tasks as the smaller of page_size and MaxRecords."""
    with fake_rds_export(*NAMES[:50], page_size=30):
        page = shared_client().describe_export_tasks(MaxRecords=20)
        larger = shared_client().describe_export_tasks(MaxRecords=100)

    assert (len(page["ExportTasks"]), len(larger["ExportTasks"])) == (20, 30)


def test_too_few_records(client):
    """A MaxRecords below 20 fails in the client."""
    with pytest.raises(ParamValidationError, match="MaxRecords, value: 19, valid min value: 20"):
        client.describe_export_tasks(MaxRecords=19)


@pytest.mark.parametrize("number", [-1, 0, 19, 101, 2**31 - 1])
def test_refused_number_of_records(rds_export_tasks, number):
    """A MaxRecords below 20 or above 100 is refused also if the client does not check it."""
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
def test_invalid_marker(client, marker):
    """A Marker that no response had is refused."""
    with refused("InvalidParameterValue", 400, f"Invalid value {marker} for Marker."):
        client.describe_export_tasks(Marker=marker)


def test_marker_of_another_region(seeded_client, rds_export_tasks):
    """A Marker of another region is refused."""
    marker = seeded_client.describe_export_tasks()["Marker"]

    with refused("InvalidParameterValue", 400, f"Invalid value {marker} for Marker."):
        shared_client("eu-west-1").describe_export_tasks(Marker=marker)


def test_marker_of_another_list(client):
    """A Marker of the list of another operation is refused."""
    with fake_rds_export("first", "second", page_size=1) as tasks:
        for kind in ("snapshot", "cluster-snapshot"):
            tasks.seed_snapshot(SNAPSHOT.replace(":snapshot:", f":{kind}:"))
            tasks.seed_snapshot(SNAPSHOT.replace(":snapshot:nightly", f":{kind}:weekly"))
        marker = client.describe_db_snapshots()["Marker"]

        for describe in (client.describe_db_cluster_snapshots, client.describe_export_tasks):
            with refused("InvalidParameterValue", 400, f"Invalid value {marker} for Marker."):
                describe(Marker=marker)
        assert len(client.describe_db_snapshots(Marker=marker)["DBSnapshots"]) == 1


def test_task_started_between_pages(seeded_client, rds_export_tasks):
    """A task that is started between two pages is on the last."""
    first = seeded_client.describe_export_tasks()
    rds_export_tasks.seed("latest")
    second = seeded_client.describe_export_tasks(Marker=first["Marker"])
    third = seeded_client.describe_export_tasks(Marker=second["Marker"])

    assert names_of(third) == [*NAMES[200:], "latest"]


def test_unfinished_first(client, rds_export_tasks):
    """Unfinished exports come first, then those that have ended, each in the order of their starts."""
    for name, status in (("a", "COMPLETE"), ("b", "CANCELING"), ("c", "FAILED"), ("d", "STARTING"), ("e", "CANCELED")):
        rds_export_tasks.seed(name, status=status)

    assert names_of(client.describe_export_tasks()) == ["b", "d", "a", "c", "e"]


@pytest.mark.parametrize("with_files", [False, True])
def test_ended_by_the_clock(client, rds_export_tasks, tmp_path, with_files):
    """An export that has ended by the clock since it was shown comes last."""
    if with_files:
        rds_export_tasks.write_files(tmp_path)
    with freeze_time("2026-01-01") as frozen:
        rds_export_tasks.seed("first", timeline=Timeline(starting=0, in_progress=60))
        rds_export_tasks.seed("second")
        assert names_of(client.describe_export_tasks()) == ["first", "second"]

        frozen.tick(60)

        assert names_of(client.describe_export_tasks()) == ["second", "first"]


@pytest.mark.parametrize("with_files", [False, True])
def test_ended_by_this_poll(client, rds_export_tasks, tmp_path, with_files):
    """An export that ends because it is shown changes its place in the next list."""
    if with_files:
        rds_export_tasks.write_files(tmp_path)
    rds_export_tasks.seed("first", timeline=Polls(starting=0, in_progress=1))
    rds_export_tasks.seed("second")
    pages = [client.describe_export_tasks() for _ in range(3)]

    assert [names_of(page) for page in pages] == [["first", "second"], ["first", "second"], ["second", "first"]]
    assert [task["Status"] for task in pages[1]["ExportTasks"]] == ["COMPLETE", "IN_PROGRESS"]


@pytest.mark.parametrize("with_files", [False, True])
@pytest.mark.parametrize("timeline", [Timeline(starting=0, in_progress=60), Polls(starting=0, in_progress=1)])
def test_ended_between_pages(client, rds_export_clock, tmp_path, timeline, with_files):
    """Exports that end while a list is paged stay at their place, so that each is shown once."""
    with fake_rds_export("old", timeline=timeline, page_size=2) as tasks:
        tasks["old"].move_to("COMPLETE")
        tasks.seed_all([*"abcde"])
        if with_files:
            tasks.write_files(tmp_path)
        for _ in range(2):
            page = client.describe_export_tasks()
            shown = names_of(page)
            while "Marker" in page:
                rds_export_clock.tick(60)
                page = client.describe_export_tasks(Marker=page["Marker"])
                shown += names_of(page)

            assert sorted(shown) == ["a", "b", "c", "d", "e", "old"]
