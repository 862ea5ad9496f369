"""What schemathesis cannot read from the documents, as hooks that it loads."""

from typing import Any

import schemathesis


@schemathesis.hook
def before_call(context: schemathesis.HookContext, case: schemathesis.Case[Any], kwargs: dict[str, Any]) -> None:
    """Let header and body agree: no schema can say that `Idempotency-Key` and `client_id` are one and the same.

    Only well-meant requests are touched; a contradiction is refused with 400, which chat's own tests cover.
    """
    body = case.body
    if case.meta is None or not case.meta.generation.mode.is_positive or not isinstance(body, dict):
        return
    if body.get("client_id") is not None and "Idempotency-Key" in case.headers:
        case.headers["Idempotency-Key"] = body["client_id"]
