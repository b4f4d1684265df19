"""Event patterns: when a rule fires, the reasons when it does not, and patterns that EventBridge refuses."""

import dataclasses
import json
from itertools import pairwise
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.errors import raises_exactly
from helpers.events import make_event

EVENT = make_event(region="us-east-1")
MISSING = object()


def with_tags(tags):
    """The event of an export whose tags are any JSON, which Amazon RDS does not emit."""
    return dataclasses.replace(EVENT, tags=tags)


def fires(pattern, tags):
    """Whether a rule with this pattern for the tags fires."""
    return with_tags(tags).matches({"detail": {"Tags": pattern}})


def check(items, matching, others):
    """Assert that a field with these items matches some values and not the others; MISSING is no value."""
    for values, expected in ((matching, True), (others, False)):
        for value in values:
            found = fires({"field": items}, {} if value is MISSING else {"field": value})
            assert found is expected, f"{items} and {value!r}"


@pytest.mark.parametrize(
    ("item", "matching", "others"),
    [
        ("", [""], [None]),
        (None, [None], ["", MISSING, "null"]),
        ("running", ["running"], ["Running", "running late"]),
        (True, [True], [False, 1]),
        (1, [1], [True]),
        (300, [300], [300.0, "300"]),
        (300.0, [300.0], [300]),
        ("300", ["300"], [300]),
    ],
)
def test_value(item, matching, others):
    """A value matches exactly: character by character, and a number in the way it is written."""
    check([item], matching, others)


@pytest.mark.parametrize(
    ("item", "matching", "others"),
    [
        ({"prefix": "us-"}, ["us-east-1"], ["eu-west-1", "US-east-1"]),
        ({"prefix": ""}, ["any"], [5]),
        ({"prefix": {"equals-ignore-case": "EventB"}}, ["eventbridge"], ["bridge", 5]),
        ({"suffix": ".png"}, ["a.png"], ["a.PNG", "a.png\n", 5]),
        ({"suffix": {"equals-ignore-case": ".png"}}, ["a.PNG"], ["png"]),
        ({"equals-ignore-case": "Alice"}, ["aLICE"], ["alice b"]),
        ({"equals-ignore-case": "none"}, ["None"], [None]),
        ({"equals-ignore-case": "a.b"}, ["A.b"], ["a_b"]),
        ({"wildcard": "dir/*.png"}, ["dir/sub/a.png", "dir/.png"], ["dir/a.jpg", "a/dir/a.png"]),
        ({"wildcard": "*a*b*"}, ["_a_b_"], ["_b_a_"]),
        ({"wildcard": "*"}, ["two\nlines"], [5, MISSING]),
        ({"wildcard": r"a\*b"}, ["a*b"], ["a_b"]),
        ({"wildcard": r"a\\*"}, [r"a\b"], ["a*"]),
        ({"wildcard": "a.b"}, ["a.b"], ["a_b"]),
        ({"wildcard": ""}, [""], ["a"]),
    ],
)
def test_string(item, matching, others):
    """The operators on strings compare the beginning, the end or the whole string, with or without case."""
    check([item], matching, others)


@pytest.mark.parametrize(
    ("operand", "matching", "others"),
    [
        ("initializing", ["running", None, 5], ["initializing", MISSING, {"state": "running"}]),
        (123, [124], [123]),
        (["stopped", "overloaded"], ["running"], ["overloaded"]),
        (("stopped", "overloaded"), ["running"], ["stopped"]),
        ([100, 200.5], [300], [200.5]),
        ({"prefix": "init"}, ["running", 5], ["initializing", MISSING]),
        ({"prefix": ["init", "err"]}, ["running"], ["error"]),
        ({"suffix": ".png"}, ["a.jpg"], ["a.png"]),
        ({"suffix": [".png", ".jpg"]}, ["a.txt"], ["a.jpg"]),
        ({"equals-ignore-case": "initializing"}, ["running"], ["INITIALIZING"]),
        ({"equals-ignore-case": ["initializing", "stopped"]}, ["running"], ["Stopped"]),
        ({"wildcard": "*/lib/*"}, ["a/bin/b"], ["a/lib/b"]),
        ({"wildcard": ["*/lib/*", "*/bin/*"]}, ["a/src/b"], ["a/bin/b"]),
    ],
)
def test_anything_but(operand, matching, others):
    """Each form of anything-but matches what its operand does not match, but not a missing field."""
    check([{"anything-but": operand}], matching, others)


@pytest.mark.parametrize(
    ("operand", "matching", "others"),
    [
        (["=", 100], [100], [101]),
        (["=", 3.018e2], [301.8], [301]),
        (["=", 300], [300.0], [299.5]),
        (["<", 10], [9], [10, MISSING]),
        (["<=", 10], [10], [11]),
        ([">", 10], [11], [10]),
        ([">=", 10], [10], [9]),
        ([">", 0, "<=", 5], [5], [0]),
        ([">", 0, "<", 5], [4.5], [5]),
        ([">=", 0, "<", 5], [0], [5]),
        ([">=", 0, "<=", 5], [5], [6]),
        ((">", 0), [1], ["1", True, None]),
        ([">=", -5e9], [-5_000_000_000], [-5_000_000_001]),
        ([">=", 5e9], [5_000_000_000], [5_000_000_001]),
    ],
)
def test_numeric(operand, matching, others):
    """Numbers from -5e9 to 5e9 are compared by their value, and nothing but numbers matches."""
    check([{"numeric": operand}], matching, others)


@pytest.mark.parametrize(
    ("block", "matching", "others"),
    [
        ("10.0.0.0/24", ["10.0.0.255"], ["10.0.1.0", "2001:db8::1", "a host"]),
        ("10.0.0.7/24", ["10.0.0.1"], ["10.0.1.7"]),
        ("10.0.0.7/32", ["10.0.0.7"], ["10.0.0.6"]),
        ("2001:db8::/32", ["2001:db8::1"], ["2001:db9::1"]),
        ("0.0.0.0/0", ["10.0.0.7"], [5, MISSING]),
    ],
)
def test_cidr(block, matching, others):
    """An address matches a block of its own version of IP."""
    check([{"cidr": block}], matching, others)


def test_exists():
    """A field exists if it has a value, even null or an empty string; an object with fields is no value."""
    present = ["x", "", 0, None, False, ["x"], [[None]]]
    absent = [MISSING, {"below": 100}, {}, [], [{"a": 1}]]
    check([{"exists": True}], present, absent)
    check([{"exists": False}], absent, present)


@pytest.mark.parametrize("tags", [{}, {"a": {}}, {"a": "x"}, {"a": None}, {"a": []}, {"a": ["x"]}])
def test_absent_parent(tags):
    """A field does not exist if the event has no object that it could be in."""
    assert fires({"a": {"b": {"c": [{"exists": False}]}}}, tags)
    assert not fires({"a": {"b": {"c": [{"exists": True}]}}}, tags)


@pytest.mark.parametrize(
    ("items", "matching", "others"),
    [
        (["a", "b"], [["x", "b"], ["x", ["y", "b"]], [{"b": "b"}, "b"]], [["x"], [], [{"b": "b"}]]),
        ([{"anything-but": "a"}], [["a", "b"]], [["a", "a"]]),
    ],
)
def test_list(items, matching, others):
    """A list in the event matches if any of its items does, also in a list within the list."""
    check(items, matching, others)


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
def test_fields(pattern, matches):
    """All fields of a pattern must match, of a field any item in its list, and of an $or one alternative."""
    assert EVENT.matches(pattern) is matches


@pytest.mark.parametrize(
    ("path", "items", "reason"),
    [
        ("detail.SourceType", ["DB_INSTANCE", "CLUSTER"], "'DB_INSTANCE' or 'CLUSTER', got 'SNAPSHOT'"),
        ("account", [123456789012], "123456789012, got '123456789012'"),
        ("source", [None], "None, got 'aws.rds'"),
        (
            "source",
            [{"wildcard": "x*{}"}, {"exists": False}],
            "{'wildcard': 'x*{}'} or {'exists': False}, got 'aws.rds'",
        ),
        ("source", [{"numeric": [">", 0, "<=", 0.5]}], "{'numeric': ['>', 0, '<=', 0.5]}, got 'aws.rds'"),
        ("source", [{"prefix": {"equals-ignore-case": "x"}}], "{'prefix': {'equals-ignore-case': 'x'}}, got 'aws.rds'"),
        ("source", [{"anything-but": ["aws.rds", "x"]}], "{'anything-but': ['aws.rds', 'x']}, got 'aws.rds'"),
        ("detail.EventCategories", ["failure", {"prefix": "x"}], "'failure' or {'prefix': 'x'}, got ['notification']"),
        ("detail", ["x"], "'x', but it is an object. Write a pattern for its fields"),
        ("detail.Message", ["db-instance"], "'db-instance', got 'Export task completed'"),
        # What the event does not have.
        ("x", [{"exists": True}], "{'exists': True}, but the event has no x"),
        ("detail.Tags", ["x"], "'x', but detail has no Tags"),
        ("Foo.Bar.Baz", ["x"], "'x', but the event has no Foo"),
        ("detail.Tags.Foo.Bar", ["x"], "'x', but detail has no Tags"),
        ("source.name", ["x"], "'x', but source is 'aws.rds', not an object"),
        # Near misses.
        ("detail_type", ["x"], "'x', but the event has no detail_type. Did you mean 'detail-type'?"),
        ("Detail.SourceType", ["x"], "'x', but the event has no Detail. Did you mean 'detail'?"),
        ("detail.sourcetype", ["x"], "'x', but detail has no sourcetype. Did you mean 'SourceType'?"),
        ("SourceType", ["x"], "'x', but the event has no SourceType. Did you mean 'detail.SourceType'?"),
        (
            "detail.SourceType",
            ["x", "snapshot"],
            "'x' or 'snapshot', got 'SNAPSHOT'. Only the case of 'SNAPSHOT' differs",
        ),
        (
            "detail.EventCategories",
            ["Notification"],
            "'Notification', got ['notification']. Only the case of 'notification' differs",
        ),
        (
            "detail.SourceType",
            ["db-instance", "db-cluster"],
            (
                "'db-instance' or 'db-cluster', got 'SNAPSHOT'. In EventBridge, 'db-cluster' is 'CLUSTER' and "
                "'db-instance' is 'DB_INSTANCE'"
            ),
        ),
    ],
)
def test_reason(path, items, reason):
    """A reason has the path, what is expected and what the event has there, and helps with a near miss."""
    pattern = items
    for name in reversed(path.split(".")):
        pattern = {name: pattern}
    assert EVENT.explain(pattern) == [f"{path} must match {reason}"]


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
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
def test_reason_of_alternatives(pattern, reason):
    """The reason of an $or says what each alternative lacks."""
    assert EVENT.explain(pattern) == [reason]


def test_reasons():
    """Each field that does not match has its own reason, in the order of the pattern."""
    pattern = {"source": ["x"], "detail": {"EventID": ["y"], "SourceType": ["SNAPSHOT"], "Foo": ["z"]}, "region": ["v"]}
    assert EVENT.explain(pattern) == [
        "source must match 'x', got 'aws.rds'",
        "detail.EventID must match 'y', got 'RDS-EVENT-0161'",
        "detail.Foo must match 'z', but detail has no Foo",
        "region must match 'v', got 'us-east-1'",
    ]


def test_reasons_of_a_list_of_objects():
    """Of several objects the reasons are about the one with the fewest."""
    event = with_tags({"staff": [{"first": "Anna"}, {"first": "Peter", "last": "Jones"}, "x"]})
    pattern = {"detail": {"Tags": {"staff": {"first": ["Peter"], "last": ["Smith"]}}}}
    assert event.explain(pattern) == ["detail.Tags.staff.last must match 'Smith', got 'Jones'"]


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
    pattern = {"detail": {"Tags": {"field": ["a"]}}}
    assert with_tags({"field": value}).explain(pattern) == [f"detail.Tags.field must match 'a', {actual}"]


def test_json():
    """A pattern may be a string of JSON, as in a template, and any mapping with lists or tuples."""
    pattern = {"source": ["x", None, True, 2.5], "$or": [{"region": [{"exists": True}]}, {"account": ["1"]}]}
    assert EVENT.explain(json.dumps(pattern)) == EVENT.explain(pattern) != []
    pattern = MappingProxyType({"detail": MappingProxyType({"EventID": (MappingProxyType({"prefix": "RDS-"}),)})})
    assert EVENT.matches(pattern)


OBJECT = "must be an object with at least one field, got"
LIST = "must be a list with at least one value, got"
PATTERNS = "must be a list of two or more patterns, got"
ITEM = "must be a string, a number, a boolean, None or an object with one operator, got"
IN_A_LIST = "Write it in the list of a field:"


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ({}, f" {OBJECT} {{}}"),
        ('["aws.rds"]', f" {OBJECT} ['aws.rds']"),
        (
            "{source: [aws.rds]}",
            (
                " must be JSON, got '{source: [aws.rds]}': "
                "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"
            ),
        ),
        ({"source": [5j]}, " must be JSON, got {'source': [5j]}: 'complex' object is not iterable"),
        ({"detail": {}}, f".detail {OBJECT} {{}}"),
        ({"source": []}, f".source {LIST} []"),
        ({"detail": {"SourceType": "SNAPSHOT"}}, f".detail.SourceType {LIST} 'SNAPSHOT'. Write ['SNAPSHOT']"),
        ({"source": None}, f".source {LIST} None. Write [None]"),
        (
            {"source": {"prefix": "aws."}},
            f".source must have fields as keys, got the operator 'prefix'. {IN_A_LIST} [{{'prefix': 'aws.'}}]",
        ),
        ({"source": [["aws.rds"]]}, f".source[0] {ITEM} ['aws.rds']"),
        ({"source": [{}]}, f".source[0] {ITEM} {{}}"),
        ({"source": ["x", {"prefix": "a", "suffix": "b"}]}, f".source[1] {ITEM} {{'prefix': 'a', 'suffix': 'b'}}"),
        ({"$or": [{"source": ["x"]}]}, f".$or {PATTERNS} [{{'source': ['x']}}]"),
        ({"$or": "xy"}, f".$or {PATTERNS} 'xy'"),
        ({"$or": [{"source": ["x"]}, ["y"]]}, f".$or[1] {OBJECT} ['y']"),
        (
            {"detail": {"$or": [{"Message": ["x"]}, {"EventID": [5, {"exists": 1}]}]}},
            ".detail.$or[1].EventID[1].exists must be True or False, got 1",
        ),
        (
            {"$or": [{"source": ["x"]}, {"numeric": [">", 5]}]},
            f".$or[1] must have fields as keys, got the operator 'numeric'. {IN_A_LIST} [{{'numeric': ['>', 5]}}]",
        ),
    ],
)
def test_invalid_pattern(pattern, message):
    """A pattern that EventBridge refuses is an error with the path, the value and what is allowed."""
    with raises_exactly(ValueError, f"pattern{message}"):
        EVENT.explain(pattern)


def test_unknown_operator():
    """For an unknown operator a similar one is suggested."""
    with raises_exactly(ValueError, "unknown operator 'prefx' in pattern.detail.Foo[1]. Did you mean 'prefix'?"):
        EVENT.explain({"detail": {"Foo": ["x", {"prefx": "a"}]}})


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
def test_invalid_operand(operator, operands):
    """An operator that does not allow its operand says what it allows."""
    for operand in operands:
        with raises_exactly(ValueError, f"pattern.field[0].{operator} must be {ALLOWED[operator]}, got {operand!r}"):
            EVENT.matches({"field": [{operator: operand}]})


@pytest.mark.parametrize(
    ("pattern", "got"),
    [(5, "int 5"), (None, "None"), ([{}], "list [{}]"), (b"{}", "bytes b'{}'"), (dict, "the class dict")],
)
def test_wrong_type(pattern, got):
    """A pattern of another type is a TypeError."""
    with raises_exactly(TypeError, f"pattern must be a dict or a string of JSON, got {got}"):
        EVENT.matches(pattern)


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
    pattern, tags = drawn
    assert fires(pattern, tags) is moto_pattern(None, pattern).matches_event(tags)
