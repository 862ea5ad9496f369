"""The command-line clients that the walkthrough names."""

import os
import subprocess
import threading
from pathlib import Path
from subprocess import PIPE, STDOUT, CompletedProcess

from tests.compose.rig.commands import ROOT, run
from tests.rig.tools import need_from_npm

_LOCALHOST = Path(__file__).parent / "localhost.cjs"


def newman(environment: str, **variables: str) -> CompletedProcess[str]:
    """Run the collection from top to bottom. Newman resolves *.localhost by itself, as Postman does."""
    program = need_from_npm("newman", "it walks through the collection")
    collection = ROOT / "postman" / "duologue.postman_collection.json"
    chosen: list[str | Path] = ["--environment", ROOT / "postman" / environment]
    changed = [word for name, value in variables.items() for word in ("--env-var", f"{name}={value}")]
    return run([program, "run", collection, *chosen, *changed, "--color", "off"], timeout=120, check=False)


def wscat(address: str, *words: str) -> str:
    """Open a socket by hand and return what it showed; *.localhost is found as where the resolver knows it.

    Wscat ends with its input, so that is kept open: `--wait` ends it, or the server.
    """
    command = [need_from_npm("wscat", "it opens a socket by hand"), "--no-color", "--connect", address, *words]
    env = os.environ | {"NODE_OPTIONS": f"--require={_LOCALHOST}"}
    with subprocess.Popen(command, env=env, stdin=PIPE, stdout=PIPE, stderr=STDOUT, text=True) as process:
        assert process.stdout is not None
        deadline = threading.Timer(30, process.kill)
        deadline.start()
        try:
            return process.stdout.read()
        finally:
            deadline.cancel()
