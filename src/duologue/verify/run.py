"""One run from the first account to the verdict."""

import asyncio
import contextlib
import random
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Coroutine, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from duologue.verify.address import Address, address_of
from duologue.verify.cast import Cast, assign, gather_people
from duologue.verify.ending import compare_both_ways, complain_of_silence, settle
from duologue.verify.history import Try
from duologue.verify.oracle import check_of, verdict
from duologue.verify.own_server import THE_PRODUCT, OwnServer, StartError
from duologue.verify.people import CannotStartError, UnreachableError
from duologue.verify.plan import Fault, plan
from duologue.verify.probe import Probe
from duologue.verify.progress import Progress
from duologue.verify.report import CANNOT_START, NOTHING_PROVED, SOUND, VIOLATED, Report
from duologue.verify.scene import Scene
from duologue.verify.troubles import end_servers, keep_marking, trouble

_FEWEST_MESSAGES = 20
_JOINING_SECONDS = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What to do. `command`: what an own server is started with, for those who test this command."""

    url: str = "http://localhost:8000"
    own_server: bool = False
    seconds: float = 60.0
    writers: int = 6
    rooms: int = 3
    seed: int | None = None
    command: Sequence[str] = THE_PRODUCT


class Run:
    """`interrupt` ends it early, with a verdict on what happened so far."""

    def __init__(self, options: Options, progress: Progress) -> None:
        self._options = options
        self._progress = progress
        self._seed = random.randrange(2**32) if options.seed is None else options.seed  # noqa: S311 - no secret
        self._interrupted = asyncio.Event()
        self._began = time.monotonic()
        self._scene: Scene | None = None

    def interrupt(self) -> None:
        """Say nothing new; come to an end."""
        self._interrupted.set()
        if self._scene is not None:
            self._scene.enough.set()

    async def report(self) -> Report:
        """Run to the end."""
        if not self._options.own_server:
            return await self._against(address_of(self._options.url), None)
        folder = Path(tempfile.mkdtemp(prefix="duologue-verify-"))
        server = OwnServer(folder, self._options.command)
        report = None
        try:
            self._progress.say(f"starting a server of our own in {folder}")
            await server.start()
            report = await self._against(address_of(server.url), server)
        except StartError as error:
            report = self._failed(CANNOT_START, str(error), "a server of our own")
        finally:
            await server.kill()
            if report is not None and report.exit_code == VIOLATED:
                report.kept = str(folder)
            else:
                shutil.rmtree(folder, ignore_errors=True)
        return report

    async def _against(self, address: Address, server: OwnServer | None) -> Report:
        self._scene = scene = Scene(address, self._seed)
        try:
            self._progress.say(f"making accounts at {address.url}, seed {self._seed}")
            await self._unless_interrupted(gather_people(scene, self._options.rooms, self._progress.say))
            return await self._play(scene, server)
        except (UnreachableError, httpx.HTTPError):
            return self._failed(NOTHING_PROVED, "nobody answers there", address.url)
        except CannotStartError as error:
            return self._failed(CANNOT_START, str(error), address.url)
        except InterruptedError:
            return self._failed(NOTHING_PROVED, "interrupted before anything was said", address.url)
        finally:
            await asyncio.gather(*(person.leave() for person in scene.people), return_exceptions=True)

    async def _play(self, scene: Scene, server: OwnServer | None) -> Report:
        cast = assign(scene, self._options.writers)
        faults = plan(self._seed, self._options.seconds, own_server=server is not None)
        probe = Probe(scene)
        scene.when_acknowledged = probe.acknowledged
        self._began = time.monotonic()
        async with _running(*(line.run() for line in [*cast.readers, *cast.plain_readers])):
            await self._all_joined(cast)
            ends = [end_servers(scene, server, faults)] if server is not None else []
            async with _running(*(writer.run() for writer in cast.writers), probe.run()), _running(*ends) as ending:
                await self._speak(scene, cast, faults)
                self._progress.say("waiting for the last answers, and fetching the rooms anew")
                # the last start of our own server belongs to it
                await asyncio.gather(*ending)
                fetched = await settle(scene, cast)
            if fetched:
                complain_of_silence(scene, cast)
            compared = fetched and await compare_both_ways(scene)
        return self._judged(scene, cast, fetched=fetched, compared=compared)

    async def _speak(self, scene: Scene, cast: Cast, faults: Sequence[Fault]) -> None:
        seconds = self._options.seconds
        async with _running(
            trouble(scene, cast.lines, faults),
            keep_marking(scene, cast.listening),
            self._progress.run(scene, cast, seconds),
        ):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await scene.enough.wait()
        scene.enough.set()

    async def _all_joined(self, cast: Cast) -> None:
        """Let the streams begin before anything is said; whoever is late begins at the same cursor."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_JOINING_SECONDS):
                await asyncio.gather(*(line.joined.wait() for line in [*cast.readers, *cast.plain_readers]))

    async def _unless_interrupted(self, work: Coroutine[Any, Any, None]) -> None:
        task, interrupted = asyncio.create_task(work), asyncio.create_task(self._interrupted.wait())
        await asyncio.wait([task, interrupted], return_when=asyncio.FIRST_COMPLETED)
        interrupted.cancel()
        if not task.done():
            task.cancel()
            raise InterruptedError
        await task

    def _judged(self, scene: Scene, cast: Cast, *, fetched: bool, compared: bool) -> Report:
        history = scene.history
        violations = verdict(history)
        messages = len({(a.room, a.sender, a.client_id) for a in history.attempts if a.outcome == "ok"})
        report = self._failed(NOTHING_PROVED, "", scene.address.url)
        report.counts = {
            **scene.counts,
            "messages": messages,
            "changes": _accepted(history.changes),
            "marks": _accepted(history.marks),
            "unanswered": cast.unanswered,
        }
        report.faults, report.closes = dict(scene.faults), dict(scene.closes)
        if not fetched:
            # what the streams heard cannot be compared with anything
            violations = [each for each in violations if check_of(each) in ("C5", "C12")]
        report.violations = violations
        if violations:
            report.exit_code = VIOLATED
        elif not fetched:
            report.why = "nobody answered at the end, so what was stored is not known"
        elif not compared:
            report.why = "nobody answered any more when the history was to be compared with what was heard"
        elif messages < _FEWEST_MESSAGES:
            report.why = f"only {messages} messages were acknowledged; it takes {_FEWEST_MESSAGES} to say anything"
        elif not scene.counts["delivered"] or not scene.faults:
            report.why = "no message was delivered, or no fault was caused"
        else:
            report.exit_code = SOUND
        return report

    def _failed(self, exit_code: int, why: str, target: str) -> Report:
        seconds = time.monotonic() - self._began
        return Report(target=target, seed=self._seed, seconds=seconds, why=why, exit_code=exit_code)


def _accepted(tries: Sequence[Try]) -> int:
    return sum(each.outcome == "ok" for each in tries)


@contextlib.asynccontextmanager
async def _running(*work: Coroutine[Any, Any, None]) -> AsyncIterator[list[asyncio.Task[None]]]:
    """Run these beside what is inside; then end them. Raise what one of them failed with."""
    tasks = [asyncio.create_task(each) for each in work]
    try:
        yield tasks
    finally:
        for task in tasks:
            task.cancel()
        for outcome in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(outcome, Exception):
                raise outcome
