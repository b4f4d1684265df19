"""Pages of DescribeExportTasks: MaxRecords, Marker, the option ``page_size`` and botocore's paginator."""

import base64
from functools import partial

import pytest
from botocore.exceptions import ParamValidationError

from helpers.aws import CLUSTER, SNAPSHOT
from helpers.calls import cancel
from helpers.clients import client_with, shared_client
from helpers.errors import refused
from pytest_rds_export import ExportTask, Polls, Stuck, Timeline, fake_rds_export

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


@pytest.mark.parametrize(("parameters", "most"), [({}, 100), ({"MaxRecords": 20}, 20), ({"MaxRecords": 99}, 99)])
def test_pages(seeded_client, parameters, most):
    """A page has 100 tasks, or as many as MaxRecords says, and its Marker leads to the next."""
    pages = [seeded_client.describe_export_tasks(**parameters)]
    while "Marker" in pages[-1]:
        pages.append(seeded_client.describe_export_tasks(Marker=pages[-1]["Marker"], **parameters))

    assert [names_of(page) for page in pages] == [NAMES[first : first + most] for first in range(0, 250, most)]


@pytest.mark.parametrize("count", [99, 100, 101])
def test_last_page(client, count):
    """A page has a Marker only if more tasks follow."""
    with fake_rds_export(*NAMES[:count]):
        page = client.describe_export_tasks()

    assert ("Marker" in page) == (count > 100)


def test_filtered_pages(seeded_client):
    """A page of filtered tasks is full, and its Marker leads to the next of them, if there is one."""
    first = seeded_client.describe_export_tasks(SourceType="CLUSTER")
    second = seeded_client.describe_export_tasks(SourceType="CLUSTER", Marker=first["Marker"])
    wanted = [{"Name": "export-task-identifier", "Values": NAMES[5:25]}]
    single = seeded_client.describe_export_tasks(Filters=wanted, MaxRecords=20)

    assert [names_of(page) for page in (first, second, single)] == [NAMES[0:200:2], NAMES[200::2], NAMES[5:25]]
    assert not any("Marker" in page for page in (second, single))


def test_resumed_paginator(seeded_client):
    """The paginator of boto3 can resume within a page."""
    paginator = seeded_client.get_paginator("describe_export_tasks")
    pages = paginator.paginate(PaginationConfig={"MaxItems": 130})
    seen = [name for page in pages for name in names_of(page)]
    rest = paginator.paginate(PaginationConfig={"StartingToken": pages.resume_token})

    assert [*seen, *(name for page in rest for name in names_of(page))] == NAMES


@pytest.mark.parametrize(("asked", "shown"), [(20, 20), (100, 30)])
def test_page_size(client, asked, shown):
    """A page has as many tasks as the smaller of the option page_size and MaxRecords."""
    with fake_rds_export(*NAMES[:50], page_size=30):
        assert len(client.describe_export_tasks(MaxRecords=asked)["ExportTasks"]) == shown


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


LISTS = {
    "describe_export_tasks": "ExportTasks",
    "describe_events": "Events",
    "describe_db_snapshots": "DBSnapshots",
    "describe_db_cluster_snapshots": "DBClusterSnapshots",
}


@pytest.mark.rds_export_tasks(page_size=1)
def test_marker_of_another_list(rds_export_tasks):
    """A Marker of the list of another operation or region is refused."""
    markers = {}
    for region in ("us-east-1", "eu-west-1"):
        registry, client = rds_export_tasks.in_region(region), shared_client(region)
        for name in ("first", "second"):
            registry.seed(name).move_to("COMPLETE")
            registry.seed_snapshot(name)
            registry.seed_snapshot(name, cluster=True)
        markers |= {(region, method): getattr(client, method)()["Marker"] for method in LISTS}

    for method, records in LISTS.items():
        for place, marker in markers.items():
            describe = partial(getattr(client, method), Marker=marker)
            if place == ("eu-west-1", method):
                assert len(describe()[records]) == 1
            else:
                with refused("InvalidParameterValue", 400, f"Invalid value {marker} for Marker."):
                    describe()


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


@pytest.fixture(params=[False, True], ids=["without files", "with files"])
def tasks(request, rds_export_tasks, tmp_path):
    """The registry, without and with files of the exports."""
    if request.param:
        rds_export_tasks.write_files(tmp_path)
    return rds_export_tasks


@pytest.mark.parametrize("is_canceled", [False, True], ids=["complete", "canceled"])
def test_ended_by_the_clock(client, tasks, clock, is_canceled):
    """An export that has ended by the clock since it was shown comes last."""
    tasks.seed("first", timeline=Timeline(in_progress=3600 if is_canceled else 60, canceling=60))
    tasks.seed("second", timeline=Stuck())
    assert names_of(client.describe_export_tasks()) == ["first", "second"]

    if is_canceled:
        cancel(client, "first")
    clock.tick(60)

    assert names_of(client.describe_export_tasks()) == ["second", "first"]


def test_ended_by_this_poll(client, tasks):
    """An export that ends because it is shown changes its place in the next list."""
    tasks.seed("first", timeline=Polls(in_progress=1))
    tasks.seed("second")
    pages = [client.describe_export_tasks() for _ in range(3)]

    assert [names_of(page) for page in pages] == [["first", "second"], ["first", "second"], ["second", "first"]]
    assert [task["Status"] for task in pages[1]["ExportTasks"]] == ["COMPLETE", "IN_PROGRESS"]


@pytest.mark.rds_export_tasks(page_size=2)
@pytest.mark.parametrize("timeline", [Timeline(in_progress=60), Polls(in_progress=1)])
def test_ended_between_pages(client, tasks, rds_export_clock, timeline):
    """Exports that end while a list is paged stay at their place, so that each is shown once."""
    tasks.seed("old").move_to("COMPLETE")
    tasks.seed_all(ExportTask(name, timeline=timeline) for name in "abcde")
    for _ in range(2):
        page = client.describe_export_tasks()
        shown = names_of(page)
        while "Marker" in page:
            rds_export_clock.tick(60)
            page = client.describe_export_tasks(Marker=page["Marker"])
            shown += names_of(page)

        assert sorted(shown) == ["a", "b", "c", "d", "e", "old"]
