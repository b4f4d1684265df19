"""botocore's own description of Amazon RDS, loaded once per process."""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from botocore import xform_name
from botocore.loaders import Loader, create_loader
from botocore.model import OperationNotFoundError, ServiceModel
from botocore.validate import ParamValidator

from ._messages import check_choice, must_be, must_be_type, unknown_name
from ._times import to_datetime

if TYPE_CHECKING:
    from botocore.model import OperationModel, Shape

__tracebackhide__ = True


@functools.cache
def loader(data_path: str | None) -> Loader:
    """Return the loader of botocore's data files and of those on *data_path*; it caches what it has read."""
    return _Loader(create_loader(data_path).search_paths, include_default_search_paths=False)


class _Loader(Loader):
    """A loader that keeps no list of services that it has made while botocore's files were hidden, as by pyfakefs."""

    def list_available_services(self, type_name: str) -> list[str]:
        if type_name not in self._listed and not self.file_loader.exists(f"{self.BUILTIN_DATA_PATH}/endpoints"):
            return create_loader().list_available_services(type_name)
        self._listed.add(type_name)
        return super().list_available_services(type_name)

    @functools.cached_property
    def _listed(self) -> set[str]:
        """The types of which a list is kept."""
        return set()


def _own_loader() -> Loader:
    return loader(os.environ.get("AWS_DATA_PATH"))


@functools.cache
def service_model() -> ServiceModel:
    return ServiceModel(_own_loader().load_service_model("rds", "service-2"), "rds")


def operation_model(name: str) -> OperationModel:
    """Return the model of one operation, always the same object.

    Raises ``ValueError`` for any other name.
    """
    if not isinstance(name, str):
        raise ValueError(must_be_type("operation", "an API operation name such as 'CancelExportTask'", name))
    model = service_model()
    try:
        return model.operation_model(name)
    except OperationNotFoundError:
        pass
    for operation in model.operation_names:
        if xform_name(operation) == name:
            raise ValueError(f"use the API operation name {operation!r}, not {name!r}")
    raise ValueError(unknown_name("RDS operation", name, model.operation_names))


@functools.cache
def members(shape_name: str) -> Mapping[str, tuple[str, Shape]]:
    """Return the members of a structure by their names in snake case: the API's name and the shape of each."""
    shape: Any = service_model().shape_for(shape_name)
    return {xform_name(name): (name, member) for name, member in shape.members.items()}


@functools.cache
def serialized_members(shape: Any) -> list[tuple[str, str, Shape]]:
    """Return the members of a structure: each one's name, its name in a query or an XML document, and its shape."""
    return [(name, member.serialization.get("name", name), member) for name, member in shape.members.items()]


def plain(value: Any) -> str:
    """Return the string itself: in an f-string a member of a ``(str, Enum)`` class would be its name."""
    return str.__str__(value)


def check_members(shape_name: str, given: Mapping[str, Any], *others: str) -> dict[str, Any]:
    """Turn members in snake case into the API's names, each value checked against its shape.

    Raises ``TypeError`` for an unknown name, ``ValueError`` for a value that is not allowed. ``None`` counts as not
    given. *others* are arguments that the caller takes besides.
    """
    known = members(shape_name)
    result = {}
    for name, value in given.items():
        if name not in known:
            raise TypeError(unknown_name("field", name, (*known, *others)))
        if value is not None:
            api_name, shape = known[name]
            result[api_name] = _checked(name, value, shape)
    return result


def _checked(name: str, value: Any, shape: Any) -> Any:
    kind = shape.type_name
    if kind == "timestamp":
        return to_datetime(name, value)
    if kind == "list" and isinstance(value, (list, tuple)):
        return [_checked(f"{name}[{index}]", item, shape.member) for index, item in enumerate(value)]
    expected, wording = _PYTHON_TYPES.get(kind, (object, ""))
    if kind == "list" and shape.member.type_name == "string":
        wording = "a list of strings"
    if not isinstance(value, expected) or (expected is int and isinstance(value, bool)):
        raise ValueError(must_be_type(name, wording, value))
    if getattr(shape, "enum", None):
        check_choice(name, value, shape.enum)
    return plain(value) if kind == "string" else value


_PYTHON_TYPES: dict[str, tuple[type, str]] = {
    "string": (str, "a string"),
    "integer": (int, "an int"),
    "long": (int, "an int"),
    "boolean": (bool, "True or False"),
    "structure": (dict, "a dict"),
    "list": (list, "a list"),
}


def check_region(name: object) -> str:
    """Return the name of a region. Raises ``ValueError`` if it cannot be one."""
    if not isinstance(name, str) or not re.fullmatch("[a-z]{2,}(-[a-z]+)+-[0-9]+", name):
        raise ValueError(must_be("region", "a name such as 'eu-west-1'", name))
    return plain(name)


@functools.cache
def partition(region: str) -> str:
    """Return the partition of a region, as botocore knows it; ``aws`` if it does not."""
    for entry in _own_loader().load_data("partitions")["partitions"]:
        if region in entry["regions"] or re.fullmatch(entry["regionRegex"], region):
            return str(entry["id"])
    return "aws"


def check_structure(value: Mapping[str, Any], shape: Shape, what: str) -> None:
    """Raise ``ValueError`` if *value* is not a structure of that shape; the message says *what* it is and the path."""
    report = ParamValidator().validate(value, shape)
    if report.has_errors():
        raise ValueError(f"not a valid {what}: {report.generate_report()}")


def check_response(operation: OperationModel, response: object) -> None:
    """Raise ``ValueError`` if *response* is not one of the operation; the message names the path."""
    if not isinstance(response, Mapping):
        raise ValueError(must_be_type(f"the response of {operation.name}", "a mapping in the API's shape", response))
    given = {name: value for name, value in response.items() if name != "ResponseMetadata"}
    if operation.output_shape is None:
        if given:
            raise ValueError(f"the response of {operation.name} must be empty, got {given!r}")
        return
    check_structure(given, operation.output_shape, f"response of {operation.name}")
