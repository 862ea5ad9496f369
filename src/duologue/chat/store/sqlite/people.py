"""The people whom chat has met, and their switches."""

import apsw
import msgspec

from duologue.chat.model import Person
from duologue.chat.store.api import Identity, IdentityConflictError


def person_of(connection: apsw.Connection, who: Identity) -> Person:
    """Return somebody whom auth knows, met now or before. Raise IdentityConflictError."""
    known = connection.execute(
        "SELECT id, user_id, username FROM people WHERE user_id = ? OR username = ?", (who.user_id, who.username)
    ).fetchall()
    if not known:
        number: int = connection.execute(
            "INSERT INTO people (user_id, username) VALUES (?, ?) RETURNING id", (who.user_id, who.username)
        ).get
        return Person(number, who.user_id, who.username)
    person = Person(*msgspec.convert(known[0], tuple[int, str, str]))
    if (person.user_id, person.username) != (who.user_id, who.username):
        # ids and names never change and are never given twice: this is another auth's data
        raise IdentityConflictError(
            f"auth says that user {who.user_id} is {who.username}, here user {person.user_id} is {person.username}"
        )
    return person


def hides_presence(connection: apsw.Connection, user_id: str) -> bool:
    """Tell whether somebody does not want to be seen."""
    return bool(connection.execute("SELECT hides_presence FROM people WHERE user_id = ?", (user_id,)).get)


def hide_presence(connection: apsw.Connection, who: Identity, hidden: bool) -> None:
    """Set that switch. The caller holds the transaction. Raise IdentityConflictError."""
    number = person_of(connection, who).number
    connection.execute("UPDATE people SET hides_presence = ? WHERE id = ?", (int(hidden), number))
