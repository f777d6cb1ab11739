"""The reference page of the API: the OpenAPI document as one readable page, no script, nothing fetched from outside."""

import json
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


CODE = "91410700XXXXXXXXXX"
DEEPEST = 4


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
    call: str  # a path that can be asked for as it stands, but for the credit code
    sample: str
    body: str = ""  # what is sent, where something is


def docs(request: HttpRequest) -> HttpResponse:
    context = {"operations": operations(), "refusal": refusal_fields(), "site": request.build_absolute_uri("/")[:-1]}
    return render(request, "api/docs.html", context)


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
        ]
        + _fields(said.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})),
        answers=[Answer(status, answer["description"]) for status, answer in sorted(said["responses"].items())],
        fields=_fields(ok),
        call=path.replace("{credit_code}", CODE)
        + ("?size=2" if any(p["name"] == "size" for p in said.get("parameters", [])) else ""),
        sample=json.dumps(_sample(ok), ensure_ascii=False, indent=2),
        body=_example(said),
    )


def _example(said: dict[str, Any]) -> str:
    content = said.get("requestBody", {}).get("content", {}).get("application/json", {})
    values = [example["value"] for example in content.get("examples", {}).values()]
    return json.dumps(values[0], ensure_ascii=False) if values else ""


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


def _sample(schema: dict[str, Any], depth: int = 0) -> Any:
    """An answer in the shape of the schema: a text shows what it holds, a list its first entry."""
    found = _resolved(schema)
    kind, words = found.get("type"), schema.get("description") or found.get("description", "")
    if "properties" in found:
        inside = found["properties"].items()
        return {name: _sample(item, depth + 1) for name, item in inside} if depth < DEEPEST else {}
    if kind == "array":
        return [_sample(found["items"], depth)] if depth < DEEPEST else []
    if "enum" in found:
        return next((choice for choice in found["enum"] if choice), "")
    plain: dict[str, Any] = {"integer": 1, "number": 0.5, "boolean": True, "object": {}}
    if kind in plain:
        return plain[kind]
    return "2022-12-31" if found.get("format") in ("date", "date-time") else words.partition("\n")[0] or "…"


def _fields(schema: dict[str, Any], depth: int = 0) -> list[Field]:
    """The keys of an object and, indented, of the objects inside it."""
    found = _resolved(schema)
    if found.get("type") == "array":
        return _fields(found["items"], depth)
    listed = []
    for name, item in found.get("properties", {}).items():
        words = item.get("description", "").split("\n\n* `")[0]  # the list of choices stands in the type already
        listed.append(Field(name, _kind(item), words, name in found.get("required", []), depth))
        if depth < DEEPEST:
            listed += _fields(item, depth + 1)
    return listed
