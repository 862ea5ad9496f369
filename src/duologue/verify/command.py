"""`duologue verify`: its arguments, its signals, its output."""

import argparse
import asyncio
import signal
import sys
import traceback
from collections.abc import Callable

from duologue.verify.address import address_of
from duologue.verify.progress import Progress
from duologue.verify.report import NOTHING_PROVED, Report
from duologue.verify.run import Options, Run

_DEFAULT = "http://localhost:8000"
_ABOUT = """\
Proves the promise against an installation of yours: throw-away accounts write and read on real sockets and over REST
while connections are cut, readers stall and everybody reconnects at once; with --own-server also while the server is
killed. Then a judge looks for a message that was lost, doubled, moved or altered.

exit code: 0 sound, 1 a violation, 2 usage or cannot start, 3 nothing was proved
"""


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to those of `duologue`."""
    parser = commands.add_parser(
        "verify",
        help="prove against an installation that no acknowledged message is lost, doubled or moved",
        description=_ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("url", nargs="?", metavar="URL", help="the installation (default: http://localhost:8000)")
    parser.add_argument("--own-server", action="store_true", help="start one of its own, kill it, start it again")
    parser.add_argument("--seconds", type=_number(1, 86_400), default=60, help="how long to speak (default: 60)")
    parser.add_argument("--writers", type=_number(1, 200), default=6, help="who speaks (default: 6)")
    parser.add_argument("--rooms", type=_number(1, 45), default=3, help="rooms of two people (default: 3)")
    parser.add_argument("--seed", type=int, help="repeats a plan of faults")
    parser.add_argument("--json", action="store_true", help="one JSON document in place of sentences")
    parser.set_defaults(command=lambda options: _from_arguments(parser, options))


def _from_arguments(parser: argparse.ArgumentParser, options: argparse.Namespace) -> int:
    if options.own_server and options.url is not None:
        parser.error("give an address or --own-server, not both")
    try:
        address_of(options.url or _DEFAULT)
    except ValueError as error:
        parser.error(str(error))
    wanted = Options(
        url=options.url or _DEFAULT,
        own_server=options.own_server,
        seconds=options.seconds,
        writers=options.writers,
        rooms=options.rooms,
        seed=options.seed,
    )
    report = verify(wanted)
    # there is nothing left to interrupt: whoever insists a moment too late shall have the verdict and its exit code
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    print(report.json() if options.json else report.text())
    return report.exit_code


def verify(options: Options) -> Report:
    """Run once and return what came of it."""
    return asyncio.run(_verify(options))


async def _verify(options: Options) -> Report:
    progress = Progress()
    run = Run(options, progress)
    loop = asyncio.get_running_loop()
    running = asyncio.ensure_future(run.report())

    def interrupted() -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
            # whoever insists does not wait for the verdict; an own server is ended all the same
            loop.add_signal_handler(number, running.cancel)
        progress.say("coming to an end; once more to stop without a verdict")
        run.interrupt()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, interrupted)
    try:
        return await running
    except asyncio.CancelledError:
        return Report(
            target=options.url, seed=options.seed or 0, seconds=0, exit_code=NOTHING_PROVED, why="interrupted"
        )
    except Exception as error:  # noqa: BLE001 - Python would exit with 1, which says that the server broke its promise
        traceback.print_exc(file=sys.stderr)
        return Report(
            target=options.url, seed=options.seed or 0, seconds=0, exit_code=NOTHING_PROVED, why=f"{error!r} here"
        )


def _number(least: int, most: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        value = int(text)
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(f"a whole number from {least} to {most}")
        return value

    return number
