"""The page's modules that know no browser, tried in Node: `tests/web/modules/*.test.js`."""

import json
import shutil
import subprocess
from pathlib import Path

import duologue
from tests.rig.tools import need

MODULES = Path(__file__).parent / "modules"


def test_modules(tmp_path: Path) -> None:
    node = need("node", "it runs the tests of the page's modules")
    # a browser takes every file for a module; Node wants to be told
    (tmp_path / "package.json").write_text(json.dumps({"type": "module"}))
    shutil.copytree(Path(duologue.__file__).parent / "web", tmp_path / "web")
    files = [shutil.copy(path, tmp_path) for path in sorted(MODULES.glob("*.test.js"))]
    assert files
    command = [node, "--test", *map(str, files)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
