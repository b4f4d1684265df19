"""The house: imports run one way, and some things are one room's alone."""

import ast
from pathlib import Path

import pytest

import pytest_rds_export
from pytest_rds_export import _failures, _model, _service

HOUSE = Path(pytest_rds_export.__file__).parent

# Each room may know those before it.
ORDER = [
    "_sleep",
    "_wording",
    "_model",
    "_timeline",
    "_record",
    "_task",
    "_options",
    "_failures",
    "_injections",
    "_calls",
    "_clock",
    "_environment",
    "_session",
    "_sources",
    "_registry",
    "_paging",
    "_service",
    "_query",
    "_xml",
    "_wire",
    "_exchange",
    "_hooks",
    "_interceptor",
    "_endpoint",
    "_fake",
    "_report",
    "_public",
    "plugin",
]
TRANSPORT = {"_query", "_xml", "_wire", "_exchange", "_hooks", "_interceptor", "_endpoint"}
AWS_LIBRARIES = {"aiobotocore", "boto3", "botocore"}
LATE_LIBRARIES = {*AWS_LIBRARIES, "freezegun", "moto", "time_machine"}


def imported(tree):
    """What the statements of a tree import: the module's name, with dots in front if it is ours, and its parts."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            yield from ((module, alias.asname or alias.name) for alias in node.names)


def libraries(tree):
    return {module.partition(".")[0] for module, _ in imported(tree)}


def rooms(tree):
    """The rooms of the house that a tree imports, in whichever form."""
    found = {module.removeprefix(".") or name for module, name in imported(tree) if module.startswith(".")}
    absolute = {module for module, _ in imported(tree) if module.startswith("pytest_rds_export")}
    return found | absolute


def at_import(tree):
    """The tree without what runs only later, or only for a type checker."""

    class Pruned(ast.NodeTransformer):
        def visit_FunctionDef(self, node):
            return ast.Pass()

        visit_AsyncFunctionDef = visit_Lambda = visit_FunctionDef  # noqa: N815

        def visit_If(self, node):
            return ast.Pass() if ast.unparse(node.test) == "TYPE_CHECKING" else self.generic_visit(node)

    return Pruned().visit(tree)


@pytest.fixture(params=ORDER)
def room(request):
    return request.param


@pytest.fixture
def tree(room):
    return ast.parse((HOUSE / f"{room}.py").read_text(encoding="utf-8"))


def test_every_room_has_its_place_in_the_order():
    assert sorted(path.stem for path in HOUSE.glob("*.py")) == sorted(["__init__", *ORDER])


def test_imports_run_one_way(room, tree):
    assert rooms(tree) <= set(ORDER[: ORDER.index(room)])


@pytest.mark.parametrize("room", ["_wording", "_model", "_timeline", "_record", "_task"], indirect=True)
def test_a_task_knows_nobody_but_the_model(room, tree):
    assert rooms(tree) <= {"_wording", "_model", "_timeline", "_record"}


@pytest.mark.parametrize("room", ["_registry", "_sources", "_paging", "_service"], indirect=True)
def test_the_service_knows_no_transport(room, tree):
    assert not rooms(tree) & TRANSPORT
    assert not libraries(tree) & {"http", "socket", "urllib", "xml"}


def test_only_the_plugin_imports_pytest(room, tree):
    assert ("pytest" in libraries(tree)) == (room == "plugin")
    assert "_pytest" not in libraries(tree)


def test_nothing_of_aws_and_no_clock_is_imported_at_import(tree):
    assert not libraries(at_import(tree)) & LATE_LIBRARIES


def test_only_the_interceptor_patches_botocore(room, tree):
    """Botocore's emitter is named in one room, and no other room assigns to what comes from botocore."""
    names = {name for module, name in imported(tree) if module.partition(".")[0] in AWS_LIBRARIES}
    assigned = {
        ast.unparse(node.value).partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load)
    }
    set_by_name = {
        ast.unparse(node.args[0]).partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("setattr", "delattr")
    }
    assert ("HierarchicalEmitter" in names) == (room == "_interceptor")
    assert not (assigned | set_by_name) & {name.partition(".")[0] for name in names}


def test_no_room_is_too_large(room):
    assert len((HOUSE / f"{room}.py").read_text(encoding="utf-8").splitlines()) <= 350


def test_the_package_only_re_exports():
    public = ast.parse((HOUSE / "_public.py").read_text(encoding="utf-8"))
    _docstring, *imports = public.body

    assert all(isinstance(node, ast.ImportFrom) for node in imports)
    assert pytest_rds_export.__all__ == sorted(name for _, name in imported(public) if not name.startswith("_"))


def test_all_rooms_are_loaded_at_once():
    loaded, new = set(), {"_public"}
    while new:
        loaded |= new
        new = {name for room in new for name in rooms(ast.parse((HOUSE / f"{room}.py").read_text("utf-8")))} - loaded
    assert loaded == set(ORDER) - {"plugin"}


def test_a_public_name_is_the_one_of_its_room():
    assert pytest_rds_export.Failure is _failures.Failure
    assert set(pytest_rds_export.__all__) <= set(dir(pytest_rds_export))


def test_the_package_has_no_other_names():
    with pytest.raises(AttributeError) as caught:
        pytest_rds_export.CancelTask  # noqa: B018

    assert str(caught.value) == "module 'pytest_rds_export' has no attribute 'CancelTask'"


def test_each_operation_that_is_said_to_be_answered_has_its_function():
    assert set(_service._OPERATIONS) == set(_model.ANSWERED)
