"""Event patterns: when a rule fires, the reasons when it does not, and patterns that EventBridge refuses."""

import json
from itertools import pairwise
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.errors import raises_exactly
from helpers.events import make_event
from pytest_rds_export._patterns import explain, parse

MISSING = object()


def fires(pattern, event):
    """Whether a rule with the pattern fires for an event that Amazon RDS does not emit."""
    return explain(parse(pattern), event) == []


@pytest.fixture(scope="module")
def event():
    """The event of a complete export of the snapshot ``mydb-1`` in ``us-east-1``."""
    return make_event(region="us-east-1")


@pytest.mark.parametrize(
    ("item", "value", "matches"),
    [
        ("", "", True),
        ("", None, False),
        (None, None, True),
        (None, "", False),
        (None, MISSING, False),
        (None, "null", False),
        ("running", "running", True),
        ("running", "Running", False),
        ("running", "running late", False),
        (True, True, True),
        (True, False, False),
        (True, 1, False),
        (1, True, False),
        (300, 300, True),
        (300, 300.0, False),
        (300.0, 300, False),
        (300.0, 300.0, True),
        (300, "300", False),
        ("300", 300, False),
    ],
)
def test_value(item, value, matches):
    """A value matches exactly: character by character, and a number in the way it is written."""
    assert fires({"field": [item]}, {} if value is MISSING else {"field": value}) is matches


@pytest.mark.parametrize(
    ("item", "value", "matches"),
    [
        ({"prefix": "us-"}, "us-east-1", True),
        ({"prefix": "us-"}, "eu-west-1", False),
        ({"prefix": "us-"}, "US-east-1", False),
        ({"prefix": ""}, "any", True),
        ({"prefix": "5"}, 55, False),
        ({"prefix": {"equals-ignore-case": "EventB"}}, "eventbridge", True),
        ({"prefix": {"equals-ignore-case": "EventB"}}, "bridge", False),
        ({"suffix": ".png"}, "a.png", True),
        ({"suffix": ".png"}, "a.PNG", False),
        ({"suffix": ".png"}, "a.png\n", False),
        ({"suffix": {"equals-ignore-case": ".png"}}, "a.PNG", True),
        ({"suffix": {"equals-ignore-case": ".png"}}, "png", False),
        ({"equals-ignore-case": "Alice"}, "aLICE", True),
        ({"equals-ignore-case": "alice"}, "alice b", False),
        ({"equals-ignore-case": "none"}, None, False),
        ({"equals-ignore-case": "a.b"}, "a_b", False),
        ({"wildcard": "dir/*.png"}, "dir/sub/a.png", True),
        ({"wildcard": "dir/*.png"}, "dir/.png", True),
        ({"wildcard": "dir/*.png"}, "dir/a.jpg", False),
        ({"wildcard": "dir/*.png"}, "a/dir/a.png", False),
        ({"wildcard": "*a*b*"}, "_a_b_", True),
        ({"wildcard": "*a*b*"}, "_b_a_", False),
        ({"wildcard": "*"}, "two\nlines", True),
        ({"wildcard": r"a\*b"}, "a*b", True),
        ({"wildcard": r"a\*b"}, "a_b", False),
        ({"wildcard": r"a\\*"}, r"a\b", True),
        ({"wildcard": "a.b"}, "a_b", False),
        ({"wildcard": ""}, "", True),
        ({"wildcard": "*"}, 5, False),
        ({"wildcard": "*"}, MISSING, False),
    ],
)
def test_string(item, value, matches):
    """The operators on strings compare the beginning, the end or the whole string, with or without case."""
    assert fires({"field": [item]}, {} if value is MISSING else {"field": value}) is matches


@pytest.mark.parametrize(
    ("operand", "value", "matches"),
    [
        ("initializing", "running", True),
        ("initializing", "initializing", False),
        ("initializing", None, True),
        ("initializing", 5, True),
        ("initializing", MISSING, False),
        ("initializing", {"state": "running"}, False),
        (123, 124, True),
        (123, 123, False),
        (["stopped", "overloaded"], "running", True),
        (["stopped", "overloaded"], "overloaded", False),
        (("stopped", "overloaded"), "stopped", False),
        ([100, 200.5], 300, True),
        ([100, 200.5], 200.5, False),
        ({"prefix": "init"}, "running", True),
        ({"prefix": "init"}, "initializing", False),
        ({"prefix": "init"}, 5, True),
        ({"prefix": "init"}, MISSING, False),
        ({"prefix": ["init", "err"]}, "error", False),
        ({"prefix": ["init", "err"]}, "running", True),
        ({"suffix": ".png"}, "a.jpg", True),
        ({"suffix": ".png"}, "a.png", False),
        ({"suffix": [".png", ".jpg"]}, "a.jpg", False),
        ({"suffix": [".png", ".jpg"]}, "a.txt", True),
        ({"equals-ignore-case": "initializing"}, "INITIALIZING", False),
        ({"equals-ignore-case": "initializing"}, "running", True),
        ({"equals-ignore-case": ["initializing", "stopped"]}, "Stopped", False),
        ({"equals-ignore-case": ["initializing", "stopped"]}, "running", True),
        ({"wildcard": "*/lib/*"}, "a/lib/b", False),
        ({"wildcard": "*/lib/*"}, "a/bin/b", True),
        ({"wildcard": ["*/lib/*", "*/bin/*"]}, "a/bin/b", False),
        ({"wildcard": ["*/lib/*", "*/bin/*"]}, "a/src/b", True),
    ],
)
def test_anything_but(operand, value, matches):
    """Each form of anything-but matches what its operand does not match, but not a missing field."""
    pattern = {"field": [{"anything-but": operand}]}
    assert fires(pattern, {} if value is MISSING else {"field": value}) is matches


@pytest.mark.parametrize(
    ("operand", "value", "matches"),
    [
        (["=", 100], 100, True),
        (["=", 3.018e2], 301.8, True),
        (["=", 300], 300.0, True),
        (["=", 100], 101, False),
        (["<", 10], 9, True),
        (["<", 10], 10, False),
        (["<=", 10], 10, True),
        (["<=", 10], 11, False),
        ([">", 10], 11, True),
        ([">", 10], 10, False),
        ([">=", 10], 10, True),
        ([">=", 10], 9, False),
        ([">", 0, "<=", 5], 5, True),
        ([">", 0, "<=", 5], 0, False),
        ([">", 0, "<", 5], 5, False),
        ([">=", 0, "<", 5], 0, True),
        ([">=", 0, "<=", 5], 6, False),
        ((">", 0), 1, True),
        ([">=", -5e9], -5_000_000_000, True),
        ([">=", 5e9], 5_000_000_001, False),
        ([">", 0], "1", False),
        ([">", 0], True, False),
        ([">", 0], None, False),
        (["<", 10], MISSING, False),
    ],
)
def test_numeric(operand, value, matches):
    """Numbers from -5e9 to 5e9 are compared by their value, and nothing but numbers matches."""
    assert fires({"field": [{"numeric": operand}]}, {} if value is MISSING else {"field": value}) is matches


@pytest.mark.parametrize(
    ("block", "value", "matches"),
    [
        ("10.0.0.0/24", "10.0.0.255", True),
        ("10.0.0.0/24", "10.0.1.0", False),
        ("10.0.0.7/24", "10.0.0.1", True),
        ("10.0.0.7/32", "10.0.0.7", True),
        ("2001:db8::/32", "2001:db8::1", True),
        ("2001:db8::/32", "2001:db9::1", False),
        ("10.0.0.0/24", "2001:db8::1", False),
        ("10.0.0.0/24", "a host", False),
        ("0.0.0.0/0", 5, False),
        ("0.0.0.0/0", MISSING, False),
    ],
)
def test_cidr(block, value, matches):
    """An address matches a block of its own version of IP."""
    assert fires({"field": [{"cidr": block}]}, {} if value is MISSING else {"field": value}) is matches


@pytest.mark.parametrize("value", ["x", "", 0, None, False, ["x"], [[None]]])
def test_present(value):
    """A field exists if it has a value, even if the value is null or empty."""
    assert fires({"field": [{"exists": True}]}, {"field": value})
    assert not fires({"field": [{"exists": False}]}, {"field": value})


@pytest.mark.parametrize("event", [{}, {"field": {"below": 100}}, {"field": {}}, {"field": []}, {"field": [{"a": 1}]}])
def test_absent(event):
    """A field does not exist if it has no value, even if it is an object with fields that exist."""
    assert fires({"field": [{"exists": False}]}, event)
    assert not fires({"field": [{"exists": True}]}, event)


@pytest.mark.parametrize("event", [{}, {"a": {}}, {"a": "x"}, {"a": None}, {"a": []}, {"a": ["x"]}])
def test_absent_parent(event):
    """A field does not exist if the event has no object that it could be in."""
    assert fires({"a": {"b": {"c": [{"exists": False}]}}}, event)
    assert not fires({"a": {"b": {"c": [{"exists": True}]}}}, event)


@pytest.mark.parametrize(
    ("value", "matches"),
    [
        (["x", "b"], True),
        (["x", ["y", "b"]], True),
        (["x"], False),
        ([], False),
        ([{"b": "b"}], False),
        ([{"b": "b"}, "b"], True),
    ],
)
def test_list(value, matches):
    """A list in the event matches if any of its items does, also in a list within the list."""
    assert fires({"field": ["a", "b"]}, {"field": value}) is matches


def test_anything_but_in_a_list():
    """A list matches anything-but if any of its items is something else."""
    assert fires({"field": [{"anything-but": "a"}]}, {"field": ["a", "b"]})
    assert not fires({"field": [{"anything-but": "a"}]}, {"field": ["a", "a"]})


def test_list_of_objects():
    """A pattern for an object matches a list of objects if one of them matches as a whole."""
    employees = [[{"first": "Anna", "last": "Smith"}], {"first": "Peter", "last": "Jones"}]
    assert fires({"staff": {"first": ["Anna"], "last": ["Smith"]}}, {"staff": employees})
    assert not fires({"staff": {"first": ["Anna"], "last": ["Jones"]}}, {"staff": employees})


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ({"source": ["aws.rds"], "detail": {"SourceType": ["CLUSTER_SNAPSHOT", "SNAPSHOT"]}}, True),
        ({"source": ["aws.rds"], "detail": {"SourceType": ["CLUSTER_SNAPSHOT"]}}, False),
        ({"source": ["aws.ec2"], "detail": {"SourceType": ["SNAPSHOT"]}}, False),
        ({"source": ["aws.ec2", {"prefix": "aws.r"}, None]}, True),
        ({"detail": {"Tags": {"team": [{"exists": False}]}, "Message": [{"suffix": "completed"}]}}, True),
    ],
)
def test_fields(event, pattern, matches):
    """All fields of a pattern must match, and of a field any item in its list."""
    assert event.matches(pattern) is matches


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ({"$or": [{"source": ["aws.rds"]}, {"source": ["x"]}]}, True),
        ({"$or": [{"source": ["x"]}, {"source": ["aws.rds"]}]}, True),
        ({"$or": [{"source": ["x"]}, {"source": ["y"]}]}, False),
        ({"$or": [{"source": ["aws.rds"], "region": ["x"]}, {"source": ["y"]}]}, False),
        ({"$or": [{"source": ["aws.rds"]}, {"source": ["y"]}], "region": ["x"]}, False),
        ({"detail": {"$or": [{"SourceType": ["x"]}, {"EventID": ["RDS-EVENT-0161"]}]}}, True),
        ({"detail": {"$or": [{"SourceType": ["x"]}, {"EventID": ["y"]}]}}, False),
        (
            {"$or": [{"source": ["x"]}, {"$or": [{"source": ["y"]}, {"detail": {"EventID": [{"prefix": "RDS"}]}}]}]},
            True,
        ),
        ({"$or": [{"source": ["x"]}, {"region": ["us-east-1"], "$or": [{"source": ["y"]}, {"source": ["z"]}]}]}, False),
        ({"absent": {"$or": [{"a": [{"exists": False}]}, {"b": ["x"]}]}}, True),
    ],
)
def test_or(event, pattern, matches):
    """One alternative of an $or is enough, at any depth, alongside the other fields."""
    assert event.matches(pattern) is matches


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        (
            {"detail": {"SourceType": ["DB_INSTANCE", "CLUSTER"]}},
            "detail.SourceType must match 'DB_INSTANCE' or 'CLUSTER', got 'SNAPSHOT'",
        ),
        ({"account": [123456789012]}, "account must match 123456789012, got '123456789012'"),
        ({"source": [None]}, "source must match None, got 'aws.rds'"),
        ({"source": [{"prefix": "x"}]}, "source must match {'prefix': 'x'}, got 'aws.rds'"),
        ({"source": [{"suffix": "x"}]}, "source must match {'suffix': 'x'}, got 'aws.rds'"),
        (
            {"source": [{"prefix": {"equals-ignore-case": "x"}}, {"suffix": {"equals-ignore-case": "y"}}]},
            (
                "source must match {'prefix': {'equals-ignore-case': 'x'}} or {'suffix': {'equals-ignore-case': 'y'}}, "
                "got 'aws.rds'"
            ),
        ),
        ({"source": [{"equals-ignore-case": "x"}]}, "source must match {'equals-ignore-case': 'x'}, got 'aws.rds'"),
        ({"source": [{"wildcard": "x*{}"}]}, "source must match {'wildcard': 'x*{}'}, got 'aws.rds'"),
        (
            {"source": [{"numeric": [">", 0, "<=", 5]}]},
            "source must match {'numeric': ['>', 0, '<=', 5]}, got 'aws.rds'",
        ),
        ({"source": [{"numeric": ["=", 0.5]}]}, "source must match {'numeric': ['=', 0.5]}, got 'aws.rds'"),
        ({"source": [{"cidr": "10.0.0.0/8"}]}, "source must match {'cidr': '10.0.0.0/8'}, got 'aws.rds'"),
        ({"source": [{"exists": False}]}, "source must match {'exists': False}, got 'aws.rds'"),
        ({"x": [{"exists": True}]}, "x must match {'exists': True}, but the event has no x"),
        (
            {"source": [{"anything-but": ["aws.rds", "aws.ec2"]}]},
            "source must match {'anything-but': ['aws.rds', 'aws.ec2']}, got 'aws.rds'",
        ),
        (
            {"source": [{"anything-but": {"prefix": "aws"}}]},
            "source must match {'anything-but': {'prefix': 'aws'}}, got 'aws.rds'",
        ),
        (
            {"detail": {"EventCategories": ["failure", {"prefix": "x"}, {"exists": False}]}},
            "detail.EventCategories must match 'failure', {'prefix': 'x'} or {'exists': False}, got ['notification']",
        ),
        ({"detail": {"Tags": ["x"]}}, "detail.Tags must match 'x', but detail has no Tags"),
        ({"detail": ["x"]}, "detail must match 'x', but it is an object. Write a pattern for its fields"),
        ({"detail": {"Foo": ["x"]}}, "detail.Foo must match 'x', but detail has no Foo"),
        ({"Foo": {"Bar": {"Baz": ["x"]}}}, "Foo.Bar.Baz must match 'x', but the event has no Foo"),
        ({"detail": {"Tags": {"Foo": {"Bar": ["x"]}}}}, "detail.Tags.Foo.Bar must match 'x', but detail has no Tags"),
        ({"source": {"name": ["x"]}}, "source.name must match 'x', but source is 'aws.rds', not an object"),
        # Near misses.
        (
            {"detail_type": ["x"]},
            "detail_type must match 'x', but the event has no detail_type. Did you mean 'detail-type'?",
        ),
        (
            {"Detail": {"SourceType": ["SNAPSHOT"]}},
            "Detail.SourceType must match 'SNAPSHOT', but the event has no Detail. Did you mean 'detail'?",
        ),
        (
            {"detail": {"sourcetype": ["SNAPSHOT"]}},
            "detail.sourcetype must match 'SNAPSHOT', but detail has no sourcetype. Did you mean 'SourceType'?",
        ),
        (
            {"SourceType": ["SNAPSHOT"]},
            "SourceType must match 'SNAPSHOT', but the event has no SourceType. Did you mean 'detail.SourceType'?",
        ),
        (
            {"detail": {"SourceType": ["CLUSTER", "snapshot"]}},
            "detail.SourceType must match 'CLUSTER' or 'snapshot', got 'SNAPSHOT'. Only the case of 'SNAPSHOT' differs",
        ),
        (
            {"detail": {"EventCategories": ["Notification"]}},
            (
                "detail.EventCategories must match 'Notification', got ['notification']. "
                "Only the case of 'notification' differs"
            ),
        ),
        # Source types as the API spells them, which only SourceType explains.
        (
            {"detail": {"SourceType": ["db-instance", "db-cluster"]}},
            (
                "detail.SourceType must match 'db-instance' or 'db-cluster', got 'SNAPSHOT'. "
                "In EventBridge, 'db-cluster' is 'CLUSTER' and 'db-instance' is 'DB_INSTANCE'"
            ),
        ),
        (
            {"detail": {"Message": ["db-instance"]}},
            "detail.Message must match 'db-instance', got 'Export task completed'",
        ),
        # What each alternative lacks.
        (
            {"$or": [{"source": ["x"]}, {"region": ["y"], "detail": {"Foo": ["z"]}}]},
            (
                "$or has no alternative that matches: [0] source must match 'x', got 'aws.rds'; "
                "[1] region must match 'y', got 'us-east-1' and detail.Foo must match 'z', but detail has no Foo"
            ),
        ),
        (
            {"detail": {"$or": [{"Message": ["x"]}, {"$or": [{"EventID": ["y"]}, {"Foo": ["z"]}]}]}},
            (
                "detail.$or has no alternative that matches: "
                "[0] detail.Message must match 'x', got 'Export task completed'; "
                "[1] detail.$or has no alternative that matches: "
                "[0] detail.EventID must match 'y', got 'RDS-EVENT-0161'; "
                "[1] detail.Foo must match 'z', but detail has no Foo"
            ),
        ),
    ],
)
def test_reason(event, pattern, reason):
    """A reason has the path, what is expected and what the event has there, and helps with a near miss."""
    assert event.explain(pattern) == [reason]


def test_reasons(event):
    """Each field that does not match has its own reason, in the order of the pattern."""
    pattern = {"source": ["x"], "detail": {"EventID": ["y"], "SourceType": ["SNAPSHOT"], "Foo": ["z"]}, "region": ["v"]}
    assert event.explain(pattern) == [
        "source must match 'x', got 'aws.rds'",
        "detail.EventID must match 'y', got 'RDS-EVENT-0161'",
        "detail.Foo must match 'z', but detail has no Foo",
        "region must match 'v', got 'us-east-1'",
    ]


def test_reasons_of_a_list_of_objects():
    """Of several objects the reasons are about the one with the fewest."""
    staff = [{"first": "Anna"}, {"first": "Peter", "last": "Jones"}, "x"]
    pattern = parse({"staff": {"first": ["Peter"], "last": ["Smith"]}})
    assert explain(pattern, {"staff": staff}) == ["staff.last must match 'Smith', got 'Jones'"]


@pytest.mark.parametrize(
    ("value", "actual"),
    [
        ([], "got []"),
        ([[]], "got [[]]"),
        ([{}], "got [{}]"),
        ([{"a": 1}], "but it is an object. Write a pattern for its fields"),
        ([{"a": 1}, "x"], "got [{'a': 1}, 'x']"),
    ],
)
def test_reason_of_a_list(value, actual):
    """A list is shown as it is, unless all of its items are objects, whose fields a pattern can match."""
    assert explain(parse({"field": ["a"]}), {"field": value}) == [f"field must match 'a', {actual}"]


def test_json(event):
    """A pattern may be a string of JSON, as in a template."""
    pattern = {"source": ["x", None, True, 2.5], "$or": [{"region": [{"exists": True}]}, {"account": ["1"]}]}
    assert event.explain(json.dumps(pattern)) == event.explain(pattern) != []


def test_any_mapping(event):
    """A pattern may be any mapping with lists or tuples."""
    pattern = MappingProxyType({"detail": MappingProxyType({"EventID": (MappingProxyType({"prefix": "RDS-"}),)})})
    assert event.matches(pattern)


def test_reused_pattern():
    """A parsed pattern does not change with what it is compared with."""
    pattern = parse({"source": [{"wildcard": "aws.*"}]})
    assert [explain(pattern, event) == [] for event in ({"source": "aws.rds"}, {}, {"source": "aws.s3"})] == [
        True,
        False,
        True,
    ]


ITEM = "a string, a number, a boolean, None or an object with one operator"


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ({}, "pattern must be an object with at least one field, got {}"),
        ('["aws.rds"]', "pattern must be an object with at least one field, got ['aws.rds']"),
        (
            "{source: [aws.rds]}",
            (
                "pattern must be JSON, got '{source: [aws.rds]}': "
                "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"
            ),
        ),
        (
            {"source": [5j]},
            "pattern must be JSON, got {'source': [5j]}: 'complex' object is not iterable",
        ),
        ({"detail": {}}, "pattern.detail must be an object with at least one field, got {}"),
        ({"source": []}, "pattern.source must be a list with at least one value, got []"),
        (
            {"detail": {"SourceType": "SNAPSHOT"}},
            "pattern.detail.SourceType must be a list with at least one value, got 'SNAPSHOT'. Write ['SNAPSHOT']",
        ),
        ({"source": None}, "pattern.source must be a list with at least one value, got None. Write [None]"),
        (
            {"source": {"prefix": "aws."}},
            (
                "pattern.source must have fields as keys, got the operator 'prefix'. "
                "Write it in the list of a field: [{'prefix': 'aws.'}]"
            ),
        ),
        ({"source": [["aws.rds"]]}, f"pattern.source[0] must be {ITEM}, got ['aws.rds']"),
        ({"source": [{}]}, f"pattern.source[0] must be {ITEM}, got {{}}"),
        (
            {"source": ["x", {"prefix": "a", "suffix": "b"}]},
            f"pattern.source[1] must be {ITEM}, got {{'prefix': 'a', 'suffix': 'b'}}",
        ),
        (
            {"detail": {"SourceType": ["x", {"prefx": "a"}]}},
            "unknown operator 'prefx' in pattern.detail.SourceType[1]. Did you mean 'prefix'?",
        ),
        ({"$or": {"source": ["x"]}}, "pattern.$or must be a list of two or more patterns, got {'source': ['x']}"),
        ({"$or": [{"source": ["x"]}]}, "pattern.$or must be a list of two or more patterns, got [{'source': ['x']}]"),
        ({"$or": "x"}, "pattern.$or must be a list of two or more patterns, got 'x'"),
        (
            {"$or": [{"source": ["x"]}, ["y"]]},
            "pattern.$or[1] must be an object with at least one field, got ['y']",
        ),
        (
            {"detail": {"$or": [{"Message": ["x"]}, {"EventID": [5, {"exists": 1}]}]}},
            "pattern.detail.$or[1].EventID[1].exists must be True or False, got 1",
        ),
        (
            {"$or": [{"source": ["x"]}, {"numeric": [">", 5]}]},
            (
                "pattern.$or[1] must have fields as keys, got the operator 'numeric'. "
                "Write it in the list of a field: [{'numeric': ['>', 5]}]"
            ),
        ),
    ],
)
def test_invalid_pattern(event, pattern, message):
    """A pattern that EventBridge refuses is an error with the path, the value and what is allowed."""
    with raises_exactly(ValueError, message):
        event.explain(pattern)


ALLOWED = {
    "anything-but": "strings or numbers, single or in a list of one kind, or an object such as {'prefix': 'a'}",
    "cidr": "a range of IP addresses such as '10.0.0.0/24'",
    "equals-ignore-case": "a string",
    "exists": "True or False",
    "numeric": "a list such as ['=', 5], ['<', 10] or ['>', 0, '<=', 5], with numbers from -5e9 to 5e9",
    "prefix": "a string or {'equals-ignore-case': 'a string'}",
    "suffix": "a string or {'equals-ignore-case': 'a string'}",
    "wildcard": r"a string without '**', and with '\' only before '*' or '\'",
}


@pytest.mark.parametrize(
    ("operator", "operands"),
    [
        ("exists", ["true", 1, None]),
        ("equals-ignore-case", [5, ["a"], {"prefix": "a"}]),
        ("prefix", [5, ["a"], {}, {"equals-ignore-case": 5}, {"equals-ignore-case": "a", "suffix": "b"}]),
        ("suffix", [None, {"wildcard": "a"}]),
        ("wildcard", [5, "a**b", r"a\b", "a\\", r"a\\\b"]),
        ("numeric", [5, [], ["="], [5, "="], ["=", "5"], ["=", True], ["!=", 5], [">", 0, "<"], ["><", 5]]),
        ("numeric", [["<", 5, ">", 0], [">", 5, "<", 5], ["=", 1, "<", 5], [">", 1, "<", 5, "<", 7]]),
        ("numeric", [["<", 5e9 + 1], [">", -6e9], [">", -6e9, "<", 5], [">", 0, "<", 6e9], ["=", float("nan")]]),
        ("numeric", [[">", True, "<", 5], [">", "a", "<", "b"]]),
        ("cidr", [5, "10.0.0.0", "10.0.0.0/a", "10.0.0.0/33", "10.0.0.0/255.0.0.0", "a/8"]),
        ("anything-but", [None, True, [], [1, "a"], [True], [None], [["a"]]]),
        ("anything-but", [{}, {"": "a"}, {"exists": True}, {"cidr": "10.0.0.0/8"}, {"numeric": ["=", 5]}]),
        ("anything-but", [{"prefix": 5}, {"prefix": []}, {"prefix": "a", "suffix": "b"}, {"wildcard": ["a", "**"]}]),
        ("anything-but", [{"prefix": {"equals-ignore-case": "a"}}, {"suffix": ["a", 5]}]),
    ],
)
def test_invalid_operand(event, operator, operands):
    """An operator that does not allow its operand says what it allows."""
    for operand in operands:
        with raises_exactly(ValueError, f"pattern.field[0].{operator} must be {ALLOWED[operator]}, got {operand!r}"):
            event.matches({"field": [{operator: operand}]})


@pytest.mark.parametrize(
    ("pattern", "got"),
    [(5, "int 5"), (None, "None"), ([{}], "list [{}]"), (b"{}", "bytes b'{}'"), (dict, "the class dict")],
)
def test_wrong_type(event, pattern, got):
    """A pattern of another type is a TypeError."""
    with raises_exactly(TypeError, f"pattern must be a dict or a string of JSON, got {got}"):
        event.matches(pattern)


def test_field_named_like_an_operator():
    """A field may have the name of an operator, as its list shows that it is a field."""
    assert fires({"prefix": ["a"], "wildcard": {"exists": ["b"]}}, {"prefix": "a", "wildcard": {"exists": "b"}})


# moto differs from the documentation, or from the matcher that AWS has published, in what is not drawn here:
# - True equals 1, 300 equals 300.0, and numeric compares booleans: no booleans, no 0, no 1, no whole floats.
# - Objects and lists within a list do not match: no lists of them.
# - An empty object or list exists, and an empty object matches anything-but: neither of them.
# - A "*" does not match a line break: no line breaks.
# - Numbers are taken for addresses, and a block with host bits matches nothing: small numbers, no host bits.
# - Numbers beyond 5e9 are compared: no large numbers.
_strings = st.sampled_from(["", "a", "A", "ab", "aB", "10.0.0.1", "10.1.0.1", "::1"]) | st.text("aAb*\\.", max_size=3)
_numbers = st.integers(2, 5) | st.sampled_from([2.5, 3.5])
_scalars = st.none() | _strings | _numbers
_wildcards = (
    st.lists(st.sampled_from(["a", "A", "b", ".", "*", r"\*", r"\\"]), max_size=4)
    .filter(lambda parts: ("*", "*") not in pairwise(parts))
    .map("".join)
)
_on_strings = {"prefix": _strings, "suffix": _strings, "equals-ignore-case": _strings, "wildcard": _wildcards}


def _some(values):
    return st.lists(values, min_size=1, max_size=3)


def _one_of_the_operators(operands):
    return st.one_of(*(st.fixed_dictionaries({name: values}) for name, values in operands.items()))


def _fields(values):
    return st.dictionaries(st.sampled_from(["a", "a", "a", "b", "A"]), values, min_size=1, max_size=2)


def _nested(objects):
    """Draw one of the objects, or an object that has one of them as a field."""
    inside = st.dictionaries(st.sampled_from(["x", "x", "x", "a"]), objects, min_size=1, max_size=1)
    return objects | inside | st.builds(dict.__or__, objects, inside)


def _with_or(objects):
    alternatives = st.fixed_dictionaries({"$or": st.lists(objects, min_size=2, max_size=3)})
    return objects | alternatives | st.builds(dict.__or__, objects, alternatives)


_numeric = st.one_of(
    st.tuples(st.sampled_from(["=", "<", "<=", ">", ">="]), _numbers),
    st.tuples(st.sampled_from([">", ">="]), st.just(2), st.sampled_from(["<", "<="]), st.integers(3, 5)),
)
_anything_but = st.one_of(
    *(values | _some(values) for values in (_strings, _numbers)),
    _one_of_the_operators({name: values | _some(values) for name, values in _on_strings.items()}),
)
_ignoring_case = _one_of_the_operators({"equals-ignore-case": _strings})
_conditions = _scalars | _one_of_the_operators(
    {
        **_on_strings,
        "prefix": _strings | _ignoring_case,
        "suffix": _strings | _ignoring_case,
        "exists": st.booleans(),
        "cidr": st.sampled_from(["10.0.0.0/16", "::/64"]),
        "numeric": _numeric,
        "anything-but": _anything_but,
    }
)


_pattern_fields = _fields(_some(_conditions))
_patterns = _with_or(_nested(_with_or(_nested(_pattern_fields))))
_event_fields = _fields(_scalars | _some(_scalars))
_events = _nested(_nested(_event_fields))


@given(st.tuples(_pattern_fields, _event_fields) | st.tuples(_patterns, _events))
def test_same_decision_as_moto(drawn):
    """A rule fires when moto's fires, for random patterns and events."""
    moto_pattern = getattr(pytest.importorskip("moto.events.models"), "EventPattern", None)
    if not hasattr(moto_pattern, "_wildcard_match"):
        pytest.skip("this version of moto does not have all operators")
    pattern, event = drawn
    assert fires(pattern, event) is moto_pattern(None, pattern).matches_event(event)
