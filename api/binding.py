"""Binds arguments from the query, a form or a JSON object to request structs."""

import asyncio
import functools
import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final, TypeVar
from urllib.parse import parse_qsl

import msgspec
from aiohttp import web

from api import form
from microkit.errors import ParamError
from microkit.rpc.bounds import check_of, condition_of
from microkit.rpc.structs import Field, Struct, fields_of

_URLENCODED: Final = "application/x-www-form-urlencoded"
_INTEGER_BOUNDS: Final = {"i32": 2**31, "i64": 2**63}
_MAX_EXACT: Final = 2**53
_MAX_DIGITS: Final = 40
_REPLACEMENT: Final = "\ufffd"
_BODY_SECONDS: Final = 30.0
_MAX_FIELDS: Final = 1000
# The longest text of the contract takes 12 KiB with every character escaped. A JSON body of 1 MiB
# may hold the loop for 100 ms.
_MAX_JSON_BYTES: Final = 64 << 10
# A smaller time is in seconds, not milliseconds.
_MIN_TIME_MS: Final = 10**11

RequestT = TypeVar("RequestT", bound=msgspec.Struct)
Arguments = Mapping[str, Any]


async def arguments(request: web.Request) -> Arguments:
    """Return a request's arguments by name: the first of a name, and the query before the body.

    Raises:
        ParamError: the body does not match its Content-Type, or is compressed.
    """
    query = _query(request)
    if request.method != "POST" or not request.can_read_body:
        return query
    form.must_be_plain(request)
    merged = dict(await _body(request))
    for name in query:
        merged[name] = query[name]
    return merged


def _query(request: web.Request) -> Arguments:
    """Return the arguments of the query, which must be UTF-8."""
    query = request.query
    raw = request.rel_url.raw_query_string
    if "%" in raw and any(_REPLACEMENT in query[name] for name in query):
        _decoded(raw)  # raises unless the replacement character was sent as such
    return query


def _decoded(text: str) -> dict[str, str]:
    """Decode a query or an urlencoded body."""
    try:
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=_MAX_FIELDS)
    except ValueError as error:
        raise ParamError("参数应为 UTF-8 文本") from error
    return dict(reversed(pairs))


async def _body(request: web.Request) -> Arguments:
    try:
        async with asyncio.timeout(_BODY_SECONDS):
            if request.content_type == form.CONTENT_TYPE:
                return await _form(request)
            raw = await request.read()
        if request.content_type == _URLENCODED:
            return _decoded(form.decoded(raw, request.charset))
    except TimeoutError as error:
        raise ParamError("数据传输中断，请重试") from error
    except form.MALFORMED as error:
        raise ParamError("表单格式错误") from error
    if len(raw) > _MAX_JSON_BYTES:
        raise form.TooLarge(f"JSON 请求体不能超过 {_MAX_JSON_BYTES >> 10} KB")
    return _json(raw) if raw.strip() else {}


async def _form(request: web.Request) -> Arguments:
    """Read the text fields of a multipart form; files are ignored."""
    if (request.content_length or 0) > request.client_max_size:
        raise form.TooLarge("请求体过大")
    texts: dict[str, str] = {}
    async for part in form.parts(request):
        if part.filename is None:
            texts.setdefault(part.name or "", await form.text(part))
        if request.content.total_bytes > request.client_max_size:
            raise form.TooLarge("请求体过大")
    return texts


def _json(raw: bytes) -> Arguments:
    try:
        value = json.loads(raw, object_pairs_hook=lambda pairs: dict(reversed(pairs)))
    except (ValueError, RecursionError):
        value = None
    if isinstance(value, dict):
        return value
    raise ParamError("请求体应为表单或 JSON 对象")


def bind(struct: type[RequestT], arguments: Arguments) -> RequestT:
    """Return the request struct; missing arguments are empty.

    Raises:
        ParamError: an argument cannot be converted to its type, or is out of bounds.
    """
    values: dict[str, Any] = {}
    for name, read, applies in _readers(struct):
        values[name] = read(arguments.get(name)) if applies is None or applies(values) else None
    request = struct(**values)
    check = check_of(struct)
    if check is not None:
        check(request)
    return request


Condition = Callable[[Mapping[str, Any]], bool]


@functools.cache
def _readers(struct: Struct) -> tuple[tuple[str, Callable[[Any], Any], Condition | None], ...]:
    return tuple((field.name, _reader(field), _condition(field)) for field in fields_of(struct))


def _condition(field: Field) -> Condition | None:
    """Parse ``api.when = "other == 1"``: the field is read only if another has that value."""
    when = field.annotations.get("api.when")
    if when is None:
        return None
    other, value = condition_of(when)
    return lambda values: bool(values[other] == value)


def _reader(field: Field) -> Callable[[Any], Any]:
    empty = None if field.requiredness == "optional" else field.zero()
    if field.type.name == "binary":
        return lambda _: empty  # the upload, which api/upload.py streams to disk
    if field.type.name == "string":
        return functools.partial(_text, field.name, empty)
    return functools.partial(_integer, field, _INTEGER_BOUNDS[field.type.name], empty)


def _text(name: str, empty: str | None, value: Any) -> str | None:
    if value is None or value == "":
        return empty
    if isinstance(value, str):
        if value.isascii() or value.encode("utf-8", "replace").decode() == value:
            return value  # a lone surrogate cannot be encoded
    elif isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    raise ParamError(f"{name} 应为文本")


def _integer(field: Field, bound: int, empty: int | None, value: Any) -> int | None:
    if value is None or value == "":
        return empty
    number = _exact(value)
    if number is None or not -bound <= number < bound:
        if "api.lenient" in field.annotations:
            return empty
        raise ParamError(f"{field.name} 应为整数")
    if "api.time" in field.annotations and 0 < number < _MIN_TIME_MS:
        return number * 1000
    return number


def _exact(value: Any) -> int | None:
    """Parse ``12``, ``1e+06`` or ``1.2e+01``; None if the value is not exactly an integer."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    try:
        if isinstance(value, str):
            text = value.strip()
            if len(text) > _MAX_DIGITS or "_" in text or not text.isascii():
                return None
            if text.removeprefix("-").isdecimal():
                return int(text)
            value = Decimal(text)  # a float would round long numbers
        if isinstance(value, float):
            value = Decimal(value)
        if isinstance(value, Decimal) and abs(value) <= _MAX_EXACT:
            whole = int(value) if value else 0  # int() of 0e9999 would build all the zeros
            return whole if whole == value else None
    except ArithmeticError:  # not a number, or the exponent is too large
        pass
    return None
