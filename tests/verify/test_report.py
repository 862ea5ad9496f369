"""What people and programs are told."""

import json

import pytest

from duologue.verify.oracle import CHECKS
from duologue.verify.report import CANNOT_START, NOTHING_PROVED, SOUND, VIOLATED, Report


def report(exit_code: int, **fields: object) -> Report:
    known = {"target": "http://x", "seed": 5, "seconds": 1.25, "counts": {"sent": 9, "messages": 1234}}
    return Report(exit_code=exit_code, **(known | fields))  # type: ignore[arg-type]  # the fields of a report


def test_a_violation_comes_first_with_its_check_and_the_message() -> None:
    violations = [f"C5 reader1 heard {seq} after 1 in room 3" for seq in range(3, 40)]
    text = report(VIOLATED, violations=violations, kept="/somewhere").text().splitlines()
    assert text[0] == f"VIOLATED: C5, {CHECKS['C5']}"
    assert text[1].strip() == violations[0]
    assert "and 32 more" in text[6]
    assert "/somewhere" in text[7]


def test_sound_says_how_much_and_how_to_repeat_it() -> None:
    text = report(SOUND, faults={"SIGKILL": 3}).text()
    assert text.startswith("SOUND: 1,234 messages")
    assert "seed 5" in text
    assert "SIGKILL 3" in text


@pytest.mark.parametrize(
    ("exit_code", "verdict", "headline"),
    [
        (SOUND, "sound", "SOUND"),
        (CANNOT_START, "could not start", "COULD NOT START: because"),
        (NOTHING_PROVED, "nothing proved", "NOTHING PROVED: because"),
    ],
)
def test_verdicts(exit_code: int, verdict: str, headline: str) -> None:
    made = report(exit_code, why="because", counts={})
    document = json.loads(made.json())
    assert (document["exit_code"], document["verdict"], document["why"]) == (exit_code, verdict, "because")
    assert made.text().startswith(headline)


def test_programs_hear_of_every_check_and_of_some_violations_of_each() -> None:
    violations = [*(f"C1 lost: {n}" for n in range(500)), "C10 bob's ends with nothing"]
    document = json.loads(report(VIOLATED, violations=violations).json())
    assert list(document["checks"]) == list(CHECKS)
    assert (document["checks"]["C1"]["violations"], document["checks"]["C10"]["violations"]) == (500, 1)
    assert [each["check"] for each in document["violations"]] == ["C1"] * 20 + ["C10"]
    assert set(document["versions"]) == {"duologue", "python", "system"}
