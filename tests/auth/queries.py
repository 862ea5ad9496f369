"""What one request asks of the database."""

import io
import json
from collections.abc import Callable
from typing import Any

from django.core.handlers.wsgi import WSGIHandler
from django.db import connection
from django.test.utils import CaptureQueriesContext


def queries_of(method: str, path: str, body: object = None, token: str = "") -> list[str]:
    """Return the SQL of one request, answered in this thread. The request must succeed."""
    content = b"" if body is None else json.dumps(body).encode()
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(content)),
        "HTTP_AUTHORIZATION": f"Bearer {token}",
        "wsgi.input": io.BytesIO(content),
        "wsgi.url_scheme": "http",
    }
    statuses: list[str] = []

    def start_response(status: str, _headers: object, _error: object = None) -> Callable[[bytes], object]:
        statuses.append(status)
        return lambda _: None

    with CaptureQueriesContext(connection) as captured:
        response = WSGIHandler()(environ, start_response)
        document = b"".join(response)
        response.close()
    assert statuses[0].startswith("2"), document
    return [query["sql"] for query in captured.captured_queries]
