"""Mails that are sent after the answer, so that the answer's time tells nothing about them."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import structlog

_log = structlog.get_logger(__name__)


class Outbox:
    """Sends one mail after the other in a thread of its own; `waiting` more may wait, the rest are dropped and logged.

    A mail that was not sent is lost: whoever waits for it asks again.
    """

    def __init__(self, waiting: int) -> None:
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="mail")
        self._places = threading.BoundedSemaphore(waiting + 1)

    def put(self, send: Callable[[], object]) -> None:
        """Call `send` soon; never raises and never waits."""
        if not self._places.acquire(blocking=False):
            _log.error("mail_not_sent", why="too many wait")
            return
        self._executor.submit(self._send, send)

    def close(self) -> None:
        """End the thread after the mail that it sends."""
        self._executor.shutdown(wait=True, cancel_futures=True)

    def _send(self, send: Callable[[], object]) -> None:
        try:
            send()
        except Exception as error:  # noqa: BLE001 - nobody waits for the outcome, and the next mail must go out
            _log.error("mail_not_sent", why=type(error).__name__)
        finally:
            self._places.release()
