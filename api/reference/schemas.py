"""JSON Schemas of the structs of the HTTP contracts."""

import functools
from collections.abc import Iterator
from typing import Any, Final

import idl
from api.reference.limits import limits
from idl import errors
from microkit.rpc import status
from microkit.rpc.bounds import condition_of
from microkit.rpc.comments import IdlComments
from microkit.rpc.structs import Field, Struct, fields_of

Schema = dict[str, Any]

ERROR_CODE: Final = "ErrorCode"
FAILURE: Final = "Failure"
_MAX_EXACT: Final = 2**53 - 1  # JavaScript's numbers hold each integer up to this
_TYPES: Final[dict[str, Schema]] = {
    "bool": {"type": "boolean"},
    "i32": {"type": "integer", "format": "int32"},
    "i64": {"type": "integer", "format": "int64"},
    "string": {"type": "string"},
    "binary": {"type": "string", "format": "binary"},
}
_INTEGERS: Final = {
    "i32": {"minimum": -(2**31), "maximum": 2**31 - 1},
    "i64": {"minimum": -_MAX_EXACT, "maximum": _MAX_EXACT},
}


def reference(name: str) -> Schema:
    """Return a reference to a schema of the document's components."""
    return {"$ref": f"#/components/schemas/{name}"}


@functools.cache
def comments_of(contract: str) -> IdlComments:
    """Return the comments of an IDL file."""
    return IdlComments(idl.source(contract))


class Schemas:
    """The schemas of a document by name. A struct is added when its schema is asked for first."""

    def __init__(self) -> None:
        self.by_name: dict[str, Schema] = {ERROR_CODE: _error_codes(), FAILURE: _failure()}
        self._structs: dict[str, Struct] = {}

    def response(self, struct: Struct) -> Schema:
        """Return a reference to the schema of a response or of a struct within one.

        Raises:
            TypeError: structs of two contracts have the same name.
        """
        name = struct.__name__
        if self._structs.setdefault(name, struct) is not struct:
            raise TypeError(f"two structs are named {name}")
        if name not in self.by_name:
            self.by_name[name] = {}  # a struct may contain itself
            self.by_name[name] = self._object(struct)
        return reference(name)

    def request(self, struct: Struct, needed: list[str]) -> Schema:
        """Return a reference to the schema of a body: the arguments, those `needed` required."""
        properties = {f.name: argument(struct, f) for f in fields_of(struct)}
        schema: Schema = {"type": "object", "properties": properties, "required": needed}
        if conditions := list(_conditions(struct)):
            schema["allOf"] = conditions
        self.by_name.setdefault(struct.__name__, schema)
        return reference(struct.__name__)

    def _object(self, struct: Struct) -> Schema:
        comments = comments_of(struct.__module__)
        marked = status.status_of(struct).name if status.declared(struct) else None
        properties = {}
        for f in fields_of(struct):
            schema = reference(ERROR_CODE) if f.name == marked else self._value(f)
            if text := comments.fields.get((struct.__name__, f.name)):
                schema = {**schema, "description": text}
            properties[f.name] = schema
        schema = {"type": "object", "properties": properties}
        if text := comments.declarations.get(struct.__name__):
            schema["description"] = text
        schema["required"] = [f.name for f in fields_of(struct) if f.requiredness != "optional"]
        return schema

    def _value(self, f: Field) -> Schema:
        if f.type.struct is not None:
            return self.response(f.type.struct)
        if f.type.element is not None:
            return {"type": "array", "items": self.response(f.type.element)}
        return dict(_TYPES[f.type.name])


def argument(struct: Struct, f: Field) -> Schema:
    """Return the schema of an argument: a field of a request struct, with its bound."""
    schema = {**_TYPES[f.type.name], **_INTEGERS.get(f.type.name, {})}
    if "api.vd" in f.annotations:
        schema |= limits(f.annotations["api.vd"])
    if "enum" in schema:
        schema = {k: v for k, v in schema.items() if k not in ("minimum", "maximum")}
    text = [comments_of(struct.__module__).fields.get((struct.__name__, f.name), "")]
    if "api.when" in f.annotations:
        other, value = condition_of(f.annotations["api.when"])
        text.append(f"read only if {other} is {value}")
    if "api.time" in f.annotations:
        text.append("Unix time in ms; a value below 1e11 is in seconds")
    if message := schema.get("x-message"):
        text.append(f"refused otherwise: {message}")
    if description := "; ".join(filter(None, text)):
        schema["description"] = description
    return schema


def _conditions(struct: Struct) -> Iterator[Schema]:
    """Yield which arguments a value of another argument needs."""
    for f in fields_of(struct):
        if "api.when" in f.annotations:
            other, value = condition_of(f.annotations["api.when"])
            yield {
                "if": {"properties": {other: {"const": value}}},
                "then": {"required": [f.name]},
            }


def _error_codes() -> Schema:
    comments = comments_of("errors").fields
    codes: list[Schema] = [{"const": 0, "title": "OK", "description": "success"}]
    for code in errors.ErrorCode:
        text = comments["ErrorCode", code.name]
        codes.append({"const": int(code), "title": code.name, "description": text})
    return {"type": "integer", "oneOf": codes}


def _failure() -> Schema:
    return {
        "description": "The answer to what is no call of a method.",
        "type": "object",
        "properties": {
            "status_code": reference(ERROR_CODE),
            "status_msg": {"type": "string", "description": "for people"},
        },
        "required": ["status_code", "status_msg"],
    }
