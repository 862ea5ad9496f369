"""Errors as RFC 9457 problem documents, with a stable `code` that programs can rely on."""

import math
from collections.abc import Mapping, Sequence
from http import HTTPStatus

import msgspec

MEDIA_TYPE = "application/problem+json"

FieldErrors = Mapping[str, Sequence[str]]


class ProblemDocument(msgspec.Struct, omit_defaults=True, frozen=True):
    """What goes over the wire."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    errors: dict[str, list[str]] | None = None


class Problem(Exception):  # noqa: N818 - RFC 9457 calls it a problem
    """A refusal that the caller is told about.

    `status` is the HTTP status, `code` the stable name, `detail` a sentence for a person, `errors` the reasons by
    field for bad input, `retry_after` seconds until another try makes sense.
    """

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        errors: FieldErrors | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(code, detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.errors = errors
        self.retry_after = retry_after

    def body(self) -> bytes:
        """Return the JSON document."""
        document = ProblemDocument(
            type=f"urn:duologue:error:{self.code}",
            title=HTTPStatus(self.status).phrase,
            status=self.status,
            code=self.code,
            detail=self.detail,
            errors={name: list(why) for name, why in self.errors.items()} if self.errors else None,
        )
        return msgspec.json.encode(document)

    def headers(self) -> dict[str, str]:
        """Return the HTTP headers that belong to it: the media type, `Retry-After`, the challenge of a 401."""
        headers = {"content-type": MEDIA_TYPE, "cache-control": "no-store"}
        if self.retry_after is not None:
            headers["retry-after"] = str(max(1, math.ceil(self.retry_after)))
        if self.status == HTTPStatus.UNAUTHORIZED:
            headers["www-authenticate"] = "Bearer"
        return headers

    def response(self, extra_headers: Mapping[str, str] | None = None) -> bytes:
        """Return a whole HTTP/1.1 answer that ends its connection, for where no framework writes one."""
        body = self.body()
        headers = self.headers() | dict(extra_headers or {})
        headers |= {"content-length": str(len(body)), "connection": "close", "x-content-type-options": "nosniff"}
        # nothing of the request is echoed into the head
        lines = [f"HTTP/1.1 {self.status} Refused", *(f"{name}: {value}" for name, value in headers.items())]
        return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


def invalid(errors: FieldErrors) -> Problem:
    """Return the 400 that names each bad field."""
    fields = ", ".join(sorted(errors))
    return Problem(400, "validation_failed", f"These fields need a look: {fields}.", errors=errors)
