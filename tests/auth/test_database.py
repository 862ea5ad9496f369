"""The database file: how it is written, and that two processes agree on its schema."""

import sqlite3
import threading

import pytest

from tests.auth.conftest import Person, Service


def pragma(name: str) -> object:
    from django.db import connection  # noqa: PLC0415 - Django must be prepared first

    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA {name}")
        return cursor.fetchone()[0]


def test_every_connection_writes_a_rollback_journal_and_waits_for_the_disk(service: Service) -> None:
    seen: list[tuple[object, ...]] = []

    def look() -> None:
        from django.db import connection  # noqa: PLC0415 - as above

        seen.append(tuple(pragma(name) for name in ("journal_mode", "synchronous", "foreign_keys")))
        connection.close()

    for _ in range(2):
        thread = threading.Thread(target=look)
        thread.start()
        thread.join()
    assert seen == [("delete", 3, 1)] * 2


def test_the_file_is_not_in_wal_mode(service: Service, person: Person) -> None:
    # bytes 18 and 19 of the header: 1 is a rollback journal, 2 is WAL
    assert service.settings.database.read_bytes()[18:20] == b"\x01\x01"
    assert [path.name for path in service.settings.directory.glob("*-wal")] == []


def test_a_transaction_takes_the_write_lock_at_its_beginning(service: Service) -> None:
    from django.db import transaction  # noqa: PLC0415 - as above

    other = sqlite3.connect(service.settings.database, timeout=0)
    with transaction.atomic(), pytest.raises(sqlite3.OperationalError, match="locked"):
        other.execute("BEGIN IMMEDIATE")
    other.execute("BEGIN IMMEDIATE")
    other.close()


def test_ids_are_given_once(service: Service) -> None:
    connection = sqlite3.connect(service.settings.database)
    schema = connection.execute("SELECT sql FROM sqlite_master WHERE name = 'duologue_auth_user'").fetchone()[0]
    connection.close()
    assert "PRIMARY KEY AUTOINCREMENT" in schema


def test_a_busy_database_is_a_503_and_no_500(service: Service, person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.db import OperationalError  # noqa: PLC0415 - as above

    from duologue.auth import sessions  # noqa: PLC0415 - as above

    def locked(_token: str) -> None:
        raise OperationalError("database is locked")

    monkeypatch.setattr(sessions, "of_access", locked)
    answer = person.http.get("/api/users/profile/", headers=person.headers)
    assert (answer.status_code, answer.json()["code"]) == (503, "overloaded")
    assert "locked" not in answer.text


def test_the_models_have_their_migrations(service: Service) -> None:
    from django.core.management import call_command  # noqa: PLC0415 - as above

    call_command("makemigrations", "--check", "--dry-run", verbosity=0)


def test_a_start_with_nothing_to_do_migrates_nothing(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    from duologue.auth import schema  # noqa: PLC0415 - as above

    called: list[object] = []
    monkeypatch.setattr(schema, "call_command", lambda *words, **_: called.append(words))
    schema.migrate_if_needed(service.settings)
    assert called == []
    monkeypatch.setattr(schema, "_fingerprint", lambda: 7)
    before = pragma("user_version")
    schema.migrate_if_needed(service.settings)
    assert called == [("migrate",)]
    monkeypatch.setattr(schema, "_fingerprint", lambda: before)
    schema.migrate_if_needed(service.settings)
