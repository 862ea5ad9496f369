"""`docs/api.md` says what the documents say."""

import json
import re

from tests.rig.contract_check import PROTOCOL, compiled, document

GUIDE = (PROTOCOL.parent / "docs" / "api.md").read_text(encoding="utf-8")


def test_the_table_lists_every_operation_and_whether_it_needs_a_token() -> None:
    listed = re.findall(r"^\| `((?:GET|POST|PATCH|DELETE) /\S+)` \| (yes)? ?\|", GUIDE, re.MULTILINE)
    described = set()
    for name in ("auth", "chat"):
        root = document(f"{name}.openapi.json")
        for path, item in root["paths"].items():
            for method, operation in item.items():
                protected = bool(operation.get("security", root.get("security")))
                described.add((f"{method.upper()} {path}", "yes" if protected else ""))
    assert set(listed) == described


def test_every_close_code_has_its_row() -> None:
    table = GUIDE.split("| closed with | then |")[1].split("\n\n")[0]
    rows = [line for line in table.splitlines() if re.match(r"\| \d", line)]
    reconnect = {code: "do not retry" not in row for row in rows for code in re.findall(r"\d{4}", row)}
    closes = document("codes.json")["closes"]
    assert reconnect == {code: each["reconnect"] for code, each in closes.items() if code != "1000"}


def test_the_codes_it_names_exist() -> None:
    named = set(re.findall(r"`([a-z]+_[a-z_]+)`", GUIDE)) - {"client_id", "hide_presence", "edited_at", "deleted_at"}
    assert named
    assert named <= set(document("codes.json")["problems"])


def test_its_problem_is_one() -> None:
    (example,) = re.findall(r"```json\n(.*?)```", GUIDE, re.DOTALL)
    assert compiled(document("auth.openapi.json"), {"$ref": "#/components/schemas/Problem"}).is_valid(
        json.loads(example)
    )


def test_the_files_it_names_exist() -> None:
    for name in re.findall(r"^\| `(\S+\.json)`", GUIDE, re.MULTILINE):
        assert list(PROTOCOL.glob(name)), name
