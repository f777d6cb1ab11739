"""The reference page of the API: the OpenAPI document as one readable page, no script, nothing fetched from outside."""

from dataclasses import dataclass
from functools import cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from drf_spectacular.generators import SchemaGenerator

TYPES = {
    "string": "文字",
    "integer": "整数",
    "number": "数值",
    "boolean": "是否",
    "array": "列表",
    "object": "对象",
}


@dataclass(frozen=True)
class Field:
    """One parameter or one key of an answer; ``depth`` indents keys of nested objects."""

    name: str
    kind: str
    words: str
    required: bool = False
    depth: int = 0

    @property
    def shown(self) -> str:
        return "\u2003" * self.depth + self.name


@dataclass(frozen=True)
class Answer:
    status: str
    words: str


@dataclass(frozen=True)
class Operation:
    anchor: str
    method: str
    path: str
    title: str
    words: str
    parameters: list[Field]
    answers: list[Answer]
    fields: list[Field]


def docs(request: HttpRequest) -> HttpResponse:
    return render(request, "api/docs.html", {"operations": operations(), "refusal": refusal_fields()})


@cache
def _document() -> dict[str, Any]:
    return SchemaGenerator().get_schema(request=None, public=True)


@cache
def operations() -> list[Operation]:
    """Every operation under /api/v1/, in the order of its address."""
    return [
        _operation(path, method, said)
        for path, methods in sorted(_document()["paths"].items())
        for method, said in methods.items()
    ]


@cache
def refusal_fields() -> list[Field]:
    return _fields({"$ref": "#/components/schemas/Refusal"})


def _operation(path: str, method: str, said: dict[str, Any]) -> Operation:
    ok = said["responses"]["200"].get("content", {}).get("application/json", {}).get("schema", {})
    return Operation(
        anchor=said["operationId"],
        method=method.upper(),
        path=path,
        title=said.get("summary", ""),
        words=said.get("description", ""),
        parameters=[
            Field(item["name"], _kind(item["schema"]), item.get("description", ""), item.get("required", False))
            for item in said.get("parameters", [])
        ],
        answers=[Answer(status, answer["description"]) for status, answer in sorted(said["responses"].items())],
        fields=_fields(ok),
    )


def _resolved(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema behind references; drf-spectacular wraps a described reference into ``allOf``."""
    if "$ref" in schema:
        return _document()["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    for several in ("allOf", "oneOf"):
        if several in schema:
            return _resolved(schema[several][0])
    return schema


def _kind(schema: dict[str, Any]) -> str:
    found = _resolved(schema)
    words = TYPES.get(found.get("type", ""), "—")
    if found.get("format") == "date":
        words = "日期"
    if found.get("type") == "array":
        words = f"{TYPES.get(_resolved(found['items']).get('type', ''), '')}列表"
    if "enum" in found:
        words += "：" + "、".join(str(choice) for choice in found["enum"] if choice not in ("", None))
    return words + ("，可为空" if schema.get("nullable") else "")


def _fields(schema: dict[str, Any], depth: int = 0) -> list[Field]:
    """The keys of an object and, indented, of the objects inside it."""
    found = _resolved(schema)
    if found.get("type") == "array":
        return _fields(found["items"], depth)
    listed = []
    for name, item in found.get("properties", {}).items():
        words = item.get("description", "").split("\n\n* `")[0]  # the list of choices stands in the type already
        listed.append(Field(name, _kind(item), words, name in found.get("required", []), depth))
        if depth < 4:
            listed += _fields(item, depth + 1)
    return listed
