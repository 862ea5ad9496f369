"""Verifies one of these servers as `duologue verify --own-server --json` does the product.

`python -m tests.verify.broken SECONDS MODULE [ARGUMENT]`, at the project's top.
"""

import asyncio
import sys
from pathlib import Path

from duologue.verify.progress import Progress
from duologue.verify.run import Options, Run

if __name__ == "__main__":
    seconds, module, *arguments = sys.argv[1:]
    command = (sys.executable, str(Path(__file__).with_name(f"{module}.py")), *arguments)
    report = asyncio.run(Run(Options(own_server=True, seconds=float(seconds), command=command), Progress()).report())
    print(report.text(), file=sys.stderr)
    print(report.json())
    sys.exit(report.exit_code)
