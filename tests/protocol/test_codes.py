"""`codes.json` lists what the source can say, and nothing else."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from duologue.kit.websocket.close import CloseCode
from tests.rig.contract_check import PROTOCOL, document

SOURCE = PROTOCOL.parent / "src" / "duologue"
PROBLEMS = document("codes.json")["problems"]

SAID_ON_THE_WAY = {"1001"}
"""Close codes that a proxy may send, and a client must know."""

# places that pass a code on instead of naming one: each must get it from where it is named
PASSED_ON = {"error_status", "refused.code", "problem.code"}


def calls(name: str) -> Iterator[tuple[Path, ast.Call]]:
    for path in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func).rsplit(".", 1)[-1] == name:
                yield path, node


def constants(node: ast.expr) -> set[object]:
    """Return every value that an expression such as `"a" if x else "b"` can have, when it is spelled out."""
    return {each.value for each in ast.walk(node) if isinstance(each, ast.Constant)}


def raised() -> Iterator[tuple[str, int | None, str]]:
    """Yield each code that the source names, with its status where that is spelled out, and where it stands."""
    for path, call in calls("Problem"):
        if len(call.args) < 2:
            continue
        status, code = call.args[0], call.args[1]
        where = f"{path.relative_to(SOURCE)}:{call.lineno}"
        number = status.value if isinstance(status, ast.Constant) and isinstance(status.value, int) else None
        if isinstance(code, ast.Constant):
            assert isinstance(code.value, str)
            yield code.value, number, where
        else:
            assert ast.unparse(code) in PASSED_ON or any(isinstance(each, str) for each in constants(code)), where
    for path, call in calls("TokenRefused"):
        for code_ in constants(call.args[0]):
            yield str(code_), 401, f"{path.relative_to(SOURCE)}:{call.lineno}"


@cache
def literals(package: str) -> set[str]:
    found: set[str] = set()
    for path in (SOURCE / package).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value)
    return found


def test_the_scan_finds_something() -> None:
    codes = {code for code, _, _ in raised()}
    assert {"not_found", "token_missing", "outcome_unknown", "validation_failed"} <= codes


def test_every_code_of_the_source_is_listed_with_its_status() -> None:
    unlisted = [
        f"{where}: {code} {status}"
        for code, status, where in raised()
        if code not in PROBLEMS or status not in (None, PROBLEMS[code]["status"])
    ]
    assert unlisted == []


@pytest.mark.parametrize("code", PROBLEMS)
def test_every_listed_code_is_in_the_source_of_who_says_it(code: str) -> None:
    shared = literals("contract") | literals("kit")
    for where in PROBLEMS[code]["where"]:
        package = "chat" if where == "socket" else where
        assert code in shared | literals(package), where


def test_every_close_code_of_the_source_is_listed_and_no_other() -> None:
    ours = {str(int(code)) for code in CloseCode}
    assert ours | SAID_ON_THE_WAY == set(document("codes.json")["closes"])
    assert not ours & SAID_ON_THE_WAY


def test_every_close_code_of_the_source_is_said_somewhere() -> None:
    named = {
        node.attr
        for path in SOURCE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "CloseCode"
    }
    assert named == {code.name for code in CloseCode}
