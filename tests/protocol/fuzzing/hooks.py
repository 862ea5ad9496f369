"""What schemathesis cannot read from the documents, as a hook that it loads. Only well-meant requests are touched."""

import itertools
import os
from typing import Any

import schemathesis
from schemathesis.generation.meta import StatefulPhaseData

_numbers = itertools.count(1)


@schemathesis.hook
def before_call(context: schemathesis.HookContext, case: schemathesis.Case[Any], kwargs: dict[str, Any]) -> None:
    """Fill in what exists only while the product runs, and what a schema cannot say."""
    meta, body = case.meta, case.body
    if meta is None or not meta.generation.mode.is_positive or not isinstance(body, dict):
        return
    match case.operation.label:
        case "POST /api/register/":
            # nobody has had this name: a taken one is refused, and most generated ones are taken soon
            body["username"] = f"{str(body['username'])[:20]}-{next(_numbers)}"
        case "POST /api/token/refresh/" if not isinstance(meta.phase.data, StatefulPhaseData):
            body["refresh"] = os.environ["REFRESH_TO_KEEP"]
        case "POST /api/logout/" if not isinstance(meta.phase.data, StatefulPhaseData):
            body["refresh"] = os.environ["REFRESH_TO_END"]
        case "POST /api/chat/rooms/{id}/messages/":
            # header and body name one and the same thing; a contradiction is refused, as chat's own tests show
            if body.get("client_id") is not None and "Idempotency-Key" in case.headers:
                case.headers["Idempotency-Key"] = body["client_id"]
