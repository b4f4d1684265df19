"""Draw the pictures of the documentation, and, as a script, write them into a folder.

What they show comes from the package: statuses and their transitions, default lengths,
operations with a handler, and runs of the fake. A test compares the files with it.
"""

import time
from datetime import timedelta
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from xml.etree import ElementTree as ET

import boto3

from pytest_rds_export import SnapshotTimeline, Timeline, fake_rds_export, frozen_clock
from pytest_rds_export._rds.dispatch import ALWAYS
from pytest_rds_export._rds.state import FINISHED, TRANSITIONS

HERE = Path(__file__).parent
FOLDER = HERE / "pictures"

# The colours of a file that is shown by itself. The site has others.
LIGHT = "--picture-paper:#fff;--picture-ink:#1f2328;--picture-line:#57606a"
DARK = "--picture-paper:#0d1117;--picture-ink:#e6edf3;--picture-line:#9198a1"


class Picture:
    """An SVG of a width and height, made of boxes, arrows and lines of text."""

    def __init__(self, name, width, height):
        self.name = name
        self.root = ET.Element(
            "svg",
            {
                "xmlns": "http://www.w3.org/2000/svg",
                "class": "picture",
                "viewBox": f"0 0 {width} {height}",
                "width": str(width),
                "role": "img",
            },
        )
        self._add("style", text=style())
        head = self._add(
            "marker",
            id=f"{name}-head",
            viewBox="0 0 8 8",
            refX="7",
            refY="4",
            markerWidth="7",
            markerHeight="7",
            orient="auto",
        )
        ET.SubElement(head, "path", d="M0 0 L8 4 L0 8 z")

    def _add(self, tag, text=None, kind="", **attributes):
        if kind:
            attributes["class"] = kind
        values = {key: str(value) for key, value in attributes.items()}
        element = ET.SubElement(self.root, tag, values)
        element.text = text
        return element

    def text(self, x, y, line, kind="", anchor="middle"):
        """Add a line of text."""
        self._add("text", line, kind, x=x, y=y, **{"text-anchor": anchor})

    def box(self, x, y, width, height, *lines, kind=""):
        """Add a box with lines of text in its middle."""
        self._add(
            "rect", kind=kind, x=x, y=y, width=width, height=height, rx=6 * bool(lines)
        )
        top = y + height / 2 + 5 - 9 * (len(lines) - 1)
        for number, line in enumerate(lines):
            self.text(x + width / 2, top + 18 * number, line)

    def line(self, *points, kind=""):
        """Add a line through points."""
        return self._add(
            "path", kind=kind, d="M" + " L".join(f"{x} {y}" for x, y in points)
        )

    def arrow(self, *points, kind=""):
        """Add an arrow through points."""
        self.line(*points, kind=kind).set("marker-end", f"url(#{self.name}-head)")

    def __str__(self):
        ET.indent(self.root, " ")
        return ET.tostring(self.root, "unicode") + "\n"


def style():
    """Return the style of a file: its colours, and the rules that the site has, too."""
    rules = (HERE / "_static" / "picture.css").read_text("utf-8")
    return (
        f"\n.picture{{{LIGHT};background:var(--picture-paper)}}\n"
        f"@media (prefers-color-scheme: dark){{.picture{{{DARK}}}}}\n{rules}"
    )


def minutes(length):
    """Return a length of time in words."""
    return f"{length / timedelta(minutes=1):g} min"


def draw_states():
    """The statuses of an export, and what changes them."""
    picture = Picture("states", 520, 450)
    places = {
        "STARTING": (20, 50, "waiting"),
        "IN_PROGRESS": (20, 170, "working"),
        "CANCELING": (350, 170, "waiting"),
        "COMPLETE": (20, 320, "good"),
        "FAILED": (185, 320, "bad"),
        "CANCELED": (350, 320, "bad"),
    }
    for status in TRANSITIONS:
        x, y, kind = places[status]
        picture.box(x, y, 150, 44, status, kind=kind)
    drawn = set()

    def change(status, following, *points, kind=""):
        if following not in TRANSITIONS[status]:
            raise ValueError(f"no transition from {status} to {following}")
        drawn.add((status, following))
        picture.arrow(*points, kind=kind)

    picture.arrow((95, 18), (95, 50))
    picture.text(105, 32, "StartExportTask", anchor="start")
    lengths = Timeline()
    change("STARTING", "IN_PROGRESS", (95, 94), (95, 170))
    picture.text(105, 137, minutes(lengths.starting), anchor="start")
    change("IN_PROGRESS", "COMPLETE", (95, 214), (95, 320))
    picture.text(87, 272, minutes(lengths.in_progress), anchor="end")
    change("CANCELING", "CANCELED", (425, 214), (425, 320))
    picture.text(435, 272, minutes(lengths.canceling), anchor="start")
    cancel = "CancelExportTask"
    change("STARTING", "CANCELING", (170, 72), (425, 72), (425, 170), kind="dashed")
    picture.text(297, 64, cancel)
    change("IN_PROGRESS", "CANCELING", (170, 192), (350, 192), kind="dashed")
    picture.text(257, 184, cancel)
    change("IN_PROGRESS", "FAILED", (140, 214), (225, 320), kind="thin")
    change("CANCELING", "FAILED", (380, 214), (295, 320), kind="thin")
    change("CANCELING", "COMPLETE", (352, 214), (168, 320), kind="thin")
    picture.text(178, 252, "outcome", "small", "start")
    picture.text(330, 292, "cancel_outcome", "small", "start")
    picture.line((20, 390), (60, 390))
    picture.text(68, 394, "the timeline: by the clock or by polls", "small", "start")
    picture.line((310, 390), (350, 390), kind="dashed")
    picture.text(358, 394, "a client", "small", "start")
    for number, status in enumerate(("STARTING", "IN_PROGRESS")):
        others = [name for name in TRANSITIONS[status] if (status, name) not in drawn]
        line = f"only move_to in a test: {status} to {', '.join(others)}"
        picture.text(20, 419 + 19 * number, line, "small", "start")
    return picture


def draw_time_bar():
    """One export by the frozen clock: sleeps, polls, files, and the event."""
    step, statuses, files = timedelta(seconds=30), [], []
    with (
        TemporaryDirectory() as folder,
        fake_rds_export() as tasks,
        frozen_clock() as clock,
    ):
        tasks.write_files(Path(folder))
        task = tasks.seed("nightly", status="STARTING")
        start, known = clock.now, set()
        while not statuses or statuses[-1][1] not in FINISHED:
            passed = (clock.now - start) / timedelta(minutes=1)
            if not statuses or statuses[-1][1] != task.status:
                statuses.append((passed, task.status))
            found = {
                path.relative_to(f"{folder}/rds-exports/nightly").parts
                for path in Path(folder).rglob("*.*")
            }
            names = sorted({parts[min(1, len(parts) - 1)] for parts in found - known})
            files += [(passed, name) for name in names]
            known = found
            clock.tick(step)
        (event,) = tasks.events
    end = statuses[-1][0]
    picture = Picture("time-bar", 560, 300)

    def place(passed):
        return 20 + passed * 475 / end

    kinds = {"STARTING": "waiting", "IN_PROGRESS": "working", "COMPLETE": "good"}
    following = [*statuses[1:], (end + 2.9, "")]
    for (begin, status), (until, _) in zip(statuses, following, strict=True):
        x = place(begin)
        picture.box(x, 190, place(until) - x, 34, kind=kinds[status])
        name = "" if status == statuses[-1][1] else status
        picture.text((x + place(until)) / 2, 212, name, "small")
        picture.text(x, 272, f"{int(begin)} min", "small")
    picture.text(place(end) + 50, 292, statuses[-1][1], "small", "end")
    for number in range(int(end) + 1):
        x = place(number)
        picture.line((x, 228), (x, 240 if number % 5 else 250), kind="thin")
    picture.text(place(10), 272, "each tick: time.sleep(60), then a poll", "small")
    lines = [(end, f"event {event.event_id}: {event.message}"), *reversed(files)]
    for number, (passed, name) in enumerate(lines):
        x, y = place(passed), 28 + 30 * number
        picture.text(x - 8, y, name, "small" if number == 0 else "code", "end")
        picture.arrow((x, y - 5), (x, 190), kind="thin")
        picture.line((x - 5, y - 5), (x, y - 5), kind="thin")
    return picture


def draw_request():
    """The way of a request."""
    picture = Picture("request", 520, 460)
    picture.box(8, 8, 330, 330, kind="group")
    picture.text(20, 28, "the process of the test", "small", "start")
    picture.box(30, 40, 285, 40, "a client of boto3 or aiobotocore")
    picture.box(30, 110, 285, 40, "botocore validates, serializes, signs")
    picture.box(
        *(30, 180, 285, 66),
        "the fake parses, takes an injected failure,",
        "performs, records the call, serializes",
        kind="good",
    )
    picture.box(30, 276, 285, 40, "botocore parses, retries, raises")
    for top in (80, 150, 246):
        picture.arrow((172, top), (172, top + 30))
    picture.arrow((30, 296), (18, 296), (18, 60), (30, 60))
    picture.box(375, 110, 137, 56, "your handlers", "of before-send")
    picture.arrow((315, 195), (443, 195), (443, 166), kind="dashed")
    picture.text(380, 213, "see it", "small")
    picture.box(375, 40, 137, 40, "moto")
    picture.arrow((315, 130), (345, 130), (345, 60), (375, 60), kind="dashed")
    picture.text(444, 98, "what is not handled", "small")
    picture.box(375, 256, 137, 56, "AWS", "gets nothing", kind="bad")
    picture.box(8, 352, 504, 100, kind="group")
    picture.text(20, 372, "another process, over HTTP", "small", "start")
    picture.box(30, 386, 200, 44, "AWS CLI, a script")
    picture.box(290, 386, 200, 44, "rds_export_endpoint")
    picture.arrow((230, 408), (290, 408))
    picture.arrow((390, 386), (390, 344), (350, 344), (350, 228), (315, 228))
    return picture


def draw_handlers():
    """Who handles an operation: the first that applies."""
    picture = Picture("handlers", 520, 410)
    rows = [
        (("an injected failure that matches?",), ("the failure",)),
        (("an operation of exports, or events?",), ("your override, or the fake",)),
        (("a stub for the operation?",), ("the stub",)),
        (
            (
                "an operation of snapshots, without",
                "moto, or Describe of what is seeded?",
            ),
            ("your override, or the fake",),
        ),
        (("another before-send handler?",), ("moto, or yours",)),
    ]
    for number, (question, handler) in enumerate(rows):
        y = 10 + 66 * number
        picture.box(10, y, 265, 46, *question)
        picture.box(325, y, 185, 46, *handler, kind="good")
        picture.arrow((275, y + 23), (325, y + 23))
        picture.text(300, y + 17, "yes", "small")
        picture.arrow((142, y + 46), (142, y + 66))
        picture.text(150, y + 61, "no", "small", "start")
    y = 10 + 66 * len(rows)
    picture.box(10, y, 265, 46, "UnhandledOperation", kind="bad")
    names = sorted(ALWAYS)
    lines = ("exports, and events:", ", ".join(names[:2]) + ",", ", ".join(names[2:]))
    for number, line in enumerate(lines):
        picture.text(512, y + 10 + 17 * number, line, "small", "end")
    return picture


def draw_chain():
    """From a snapshot to its deletion, as a backup program does it."""
    with fake_rds_export() as tasks, frozen_clock() as clock:
        start = clock.now
        rds = boto3.client("rds")
        snapshot = rds.create_db_snapshot(
            DBSnapshotIdentifier="nightly", DBInstanceIdentifier="orders"
        )["DBSnapshot"]
        rds.get_waiter("db_snapshot_available").wait(DBSnapshotIdentifier="nightly")
        rds.start_export_task(
            ExportTaskIdentifier="nightly",
            SourceArn=snapshot["DBSnapshotArn"],
            S3BucketName="backups",
            IamRoleArn="arn:aws:iam::123456789012:role/export",
            KmsKeyId="alias/export",
        )
        while tasks["nightly"].status not in FINISHED:
            time.sleep(60)
            rds.describe_export_tasks()
        rds.delete_db_snapshot(DBSnapshotIdentifier="nightly")
        calls = [(call.time - start, call.operation) for call in tasks.calls]
        # Not those of its instance, which come at the same times.
        events = [
            (event.date - start, (event.event_id, event.message))
            for event in tasks.events
            if event.source_type == "db-snapshot"
        ]
    picture = Picture("chain", 555, 490)

    def place(passed):
        return 40 + passed / timedelta(minutes=1) * 370 / 30

    heads = {10: "the program", 200: "snapshot", 290: "export", 385: "events"}
    for x, head in heads.items():
        picture.text(x, 20, head, "small", "start")
    available = SnapshotTimeline().creating
    extracting = available + Timeline().starting
    end = extracting + Timeline().in_progress
    lanes = [
        (200, timedelta(0), available, "creating", "waiting"),
        (200, available, end, "available", "good"),
        (290, available, extracting, "STARTING", "waiting"),
        (290, extracting, end, "IN_PROGRESS", "working"),
    ]
    for x, begin, until, status, kind in lanes:
        y, bottom = place(begin), place(until)
        picture.box(x, y, 20, bottom - y, kind=kind)
        picture.text(x + 24, (y + bottom) / 2 + 4, status, "small", "start")
    y = 0
    for operation, group in groupby(calls, lambda call: call[1]):
        times = [passed for passed, _ in group]
        y = max(place(times[0]) + 4, y + 20)
        line = operation if len(times) == 1 else f"{len(times)} {operation}"
        picture.text(10, y, line, "small", "start")
        if len(times) == 1:
            to = 290 if operation == "StartExportTask" else 200
            picture.arrow((140, y - 4), (to, y - 4), kind="thin")
    y = 0
    for passed, lines in events:
        for line in lines:
            y = max(place(passed) + 4, y + 17)
            picture.text(385, y, line, "small", "start")
    picture.text(10, 480, f"time runs downwards, {minutes(end)}", "small", "start")
    return picture


def draw():
    """Return the text of each picture by its file name."""
    drawings = (draw_states, draw_time_bar, draw_request, draw_handlers, draw_chain)
    pictures = [drawing() for drawing in drawings]
    return {f"{picture.name}.svg": str(picture) for picture in pictures}


if __name__ == "__main__":
    for name, text in draw().items():
        (FOLDER / name).write_text(text, "utf-8")
