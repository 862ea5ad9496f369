"""Logs: JSON lines for machines, colours for a person at a terminal."""

import logging
import sys
from typing import Any

import structlog

FORMATS = ("auto", "json", "console")


def configure(log_format: str = "auto", level: str = "info") -> None:
    """Send structlog and the standard library's logging to stderr in one format (`auto`: console on a terminal)."""
    console = log_format == "console" or (log_format == "auto" and sys.stderr.isatty())
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    # JSON escapes line breaks and control characters: a username cannot forge a log line
    # plain tracebacks: the prettier ones print local variables, and with them headers, tokens and passwords
    rendering: list[Any] = (
        [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
        if console
        else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *rendering],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    # one line per request or socket would cost more than the request; Caddy keeps the access log where one is wanted
    for name in ("uvicorn.access", "picows", "httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)
