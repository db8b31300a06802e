"""Reading a JSON body: tolerant of fields it does not know, strict with what it is to keep."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from starlette.requests import Request

from core.calls.refusals import FieldProblem, InvalidRequest
from core.kernel.json_values import complaint_about

__all__ = ["MOST_BYTES", "BodyTooLarge", "complaint_about", "kind_of", "read_object"]

MOST_BYTES = 1_000_000
"""The largest body that is read."""


class BodyTooLarge(Exception):
    """The body is larger than one megabyte."""

    def __init__(self) -> None:
        super().__init__(f"The body is larger than {MOST_BYTES:,} bytes.")


async def read_object(request: Request, *, may_be_empty: bool = False) -> dict[str, Any]:
    """The JSON object in the body of a request, whatever its content type says; `{}` for no body, where it `may_be_empty`.

    Raises:
        BodyTooLarge: see there.
        InvalidRequest: it is not JSON, or not an object.
    """
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > MOST_BYTES:
            raise BodyTooLarge
        chunks.append(chunk)
    body = b"".join(chunks)
    return {} if may_be_empty and not body.strip() else _parse(body)


def _parse(body: bytes) -> dict[str, Any]:
    if not body.strip():
        _refuse("it is empty: send a JSON object", "unreadable")
    try:
        value = json.loads(body, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        _refuse(f"it is not JSON: {error.msg} in line {error.lineno}, column {error.colno}", "unreadable")
    except UnicodeDecodeError:
        _refuse("it is not JSON: the text is not UTF-8", "unreadable")
    except RecursionError:
        _refuse("it is nested too deeply", "unreadable")
    except _NotANumber as error:
        _refuse(f"it is not JSON: {error}", "unreadable")
    except ValueError:  # Python reads no whole number of more than 4300 digits
        _refuse("there is a number of thousands of digits in it: put it in quotation marks", "unreadable")
    if not isinstance(value, dict):
        _refuse(f"it must be a JSON object, not {kind_of(value)}", "not_an_object")
    return value


class _NotANumber(ValueError):
    """NaN or an infinity, which Python would read and JSON does not have."""


def _no_constant(name: str) -> NoReturn:
    raise _NotANumber(f"{name} is not a JSON number")


def _refuse(detail: str, code: str) -> NoReturn:
    raise InvalidRequest([FieldProblem("body", detail, code)])


def kind_of(value: object) -> str:
    """What JSON calls this kind of value, with its article."""
    match value:
        case None:
            return "null"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "a text"
        case list():
            return "an array"
        case _:
            return "an object"
