"""What schemathesis cannot read from the documents, as hooks that it loads. Only well-meant requests are touched."""

import itertools
import os
from typing import Any

import schemathesis
from schemathesis.generation.meta import StatefulPhaseData

_numbers = itertools.count(1)
_said: list[dict[str, int]] = []
_cursors: dict[int, str] = {}


@schemathesis.hook
def before_call(context: schemathesis.HookContext, case: schemathesis.Case[Any], kwargs: dict[str, Any]) -> None:
    """Fill in what exists only while the product runs, and what a schema cannot say."""
    meta = case.meta
    if meta is None or not meta.generation.mode.is_positive:
        return
    if not isinstance(meta.phase.data, StatefulPhaseData):
        _fill_in_what_exists(case)
    _make_consistent(case)
    if isinstance(case.body, dict):
        _make_body_consistent(case, case.body)


@schemathesis.hook
def after_call(
    context: schemathesis.HookContext, case: schemathesis.Case[Any], response: schemathesis.Response
) -> None:
    """Remember what was said, and the cursors that were given."""
    if case.operation.label == "POST /api/chat/rooms/{id}/messages/" and response.status_code == 201:
        message = response.json()
        _said.append({"id": message["room"], "message": message["id"]})
    if case.operation.label == "GET /api/chat/rooms/" and response.status_code == 200:
        _cursors.update({room["id"]: room["cursor"] for room in response.json()})


def _fill_in_what_exists(case: schemathesis.Case[Any]) -> None:
    match case.operation.label:
        case "POST /api/token/refresh/" if isinstance(case.body, dict):
            case.body["refresh"] = os.environ["REFRESH_TO_KEEP"]
        case "POST /api/logout/" if isinstance(case.body, dict):
            case.body["refresh"] = os.environ["REFRESH_TO_END"]
        case "PATCH /api/chat/rooms/{id}/messages/{message}/" if _said:
            case.path_parameters.update(_said[-1])
        case "DELETE /api/chat/rooms/{id}/messages/{message}/" if len(_said) > 1:
            # one stays for those that edit
            case.path_parameters.update(_said.pop(0))


def _make_consistent(case: schemathesis.Case[Any]) -> None:
    match case.operation.label:
        case "GET /api/chat/rooms/{id}/messages/" if "around" in case.query:
            # it goes with neither, as chat's own tests show
            case.query.pop("before", None)
            case.query.pop("after", None)
        case "GET /api/chat/rooms/{id}/changes" if "since" in case.query:
            # only the server makes cursors
            known = _cursors.get(case.path_parameters.get("id", 0))
            case.query.pop("since")
            case.query.update({} if known is None else {"since": known})


def _make_body_consistent(case: schemathesis.Case[Any], body: dict[str, Any]) -> None:
    match case.operation.label:
        case "POST /api/register/":
            # nobody has had this name: a taken one is refused, and most generated ones are taken soon
            body["username"] = f"{str(body['username'])[:20]}-{next(_numbers)}"
        case "POST /api/chat/rooms/{id}/messages/":
            # header and body name one and the same thing; a contradiction is refused, as chat's own tests show
            if body.get("client_id") is not None and "Idempotency-Key" in case.headers:
                case.headers["Idempotency-Key"] = body["client_id"]
