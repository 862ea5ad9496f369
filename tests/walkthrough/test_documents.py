"""Every `console` block of the documents, typed into a shell against an empty product."""

import os
import sys
from pathlib import Path

import pytest

from tests.rig.server import RunningServer
from tests.rig.tools import need, need_from_npm
from tests.walkthrough.console import at_port, run, steps

ROOT = Path(__file__).parents[2]
DOCUMENTS = [path for path in sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]) if steps(path.read_text())]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_command_does_what_the_document_says(document: Path, fresh_server: RunningServer, tmp_path: Path) -> None:
    need("curl", "the documents' commands use it")
    wscat = Path(need_from_npm("wscat", "the documents' commands use it"))
    path = os.pathsep.join([str(wscat.parent), str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {"PATH": path, "HOME": str(tmp_path), "LANG": "C.UTF-8", "NO_PROXY": "*"}
    script = steps(at_port(document.read_text(), fresh_server.port))
    complaints = run(script, tmp_path, environment)
    assert not complaints, "\n".join([document.name, *complaints])


def test_the_walkthrough_has_commands() -> None:
    assert ROOT / "docs" / "walkthrough.md" in DOCUMENTS
