"""One writer's mind: what to say next, what is unanswered, and what to say again."""

import itertools
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Literal

from duologue.verify.history import Attempt, Change, kept
from duologue.verify.people import Person
from duologue.verify.plan import chance
from duologue.verify.scene import MOST_ATTEMPTS, Scene

_EDIT_EVERY, _DELETE_EVERY, _REPEAT_EVERY, _REPEAT_ELSEWHERE_EVERY = 5, 17, 9, 7
_REMEMBERED = 200
# after these it is certain that nothing was stored; after any other refusal nobody knows
_CERTAIN = frozenset({"rate_limited", "overloaded", "auth_unavailable"})
_LOUD_WORDS = 700
_LONG_WORDS = "naïve 語 😀 "


@dataclass(slots=True)
class Item:
    """Something to be said until it is answered. `tries`: by lane, those that have no answer yet."""

    kind: Literal["message", "edit", "delete"]
    client_id: str
    content: str
    id: int | None = None
    tries: dict[str, Attempt | Change] = field(default_factory=dict)


class Author:
    """Keeps the outbox of one writer in one room. `changes`: whether it edits and deletes too."""

    def __init__(self, scene: Scene, person: Person, room: int, name: str, *, changes: bool = True) -> None:
        self.scene = scene
        self.person = person
        self.room = room
        self.name = name
        self.outbox: dict[str, Item] = {}
        self._changes = changes
        self._count = itertools.count(1)
        self._dice = chance(scene.seed, name)
        self._mine: deque[int] = deque(maxlen=_REMEMBERED)
        self._said: deque[Item] = deque(maxlen=_REMEMBERED)

    def next(self) -> Item:
        """Return what to say now; it stays in the outbox until it is answered."""
        number = next(self._count)
        if len(self.scene.history.attempts) >= MOST_ATTEMPTS:
            self.scene.enough.set()
        item = self._old(number) or self._new(number)
        self.outbox[item.client_id] = item
        return item

    def wants_repeat(self, item: Item) -> bool:
        """Tell whether to say it over another path too, without waiting for the answer."""
        return item.kind == "message" and self._dice.randrange(_REPEAT_ELSEWHERE_EVERY) == 0

    def leaving(self, item: Item, lane: str) -> None:
        """Note that it is about to leave over a lane."""
        scene, who = self.scene, self.person.username
        scene.counts["sent"] += 1
        if item.kind == "message":
            item.tries[lane] = scene.history.begin(lane, self.room, who, item.client_id, item.content)
            return
        assert item.id is not None  # noqa: S101 - `_old` has set it
        content = kept(item.content) if item.kind == "edit" else None
        change = Change(lane=lane, room=self.room, id=item.id, sender=who, client_id=item.client_id, content=content)
        scene.history.changes.append(change)
        item.tries[lane] = change

    def answered(self, item: Item, lane: str, message_id: int, seq: int | None) -> bool:
        """Note an acknowledgement; False when nothing was asked over this lane."""
        attempt = item.tries.pop(lane, None)
        if attempt is None:
            return False
        if isinstance(attempt, Attempt):
            attempt.answered(message_id, seq)
        else:
            attempt.accepted()
        if self.outbox.pop(item.client_id, None) is not None:
            self.scene.counts["acknowledged"] += 1
            self._remember(item, message_id)
            self.scene.when_acknowledged(self.room, message_id, seq)
        return True

    def refused(self, item: Item, lane: str, code: str) -> None:
        """Note a refusal that says to try again."""
        attempt = item.tries.pop(lane, None)
        if attempt is not None and code in _CERTAIN:
            attempt.refused()
        self.scene.counts[f"refused: {code}"] += 1

    def give_up(self, item: Item, lane: str, why: str) -> None:
        """Note a refusal for good: nothing of what is said here deserves one."""
        self.outbox.pop(item.client_id, None)
        self.scene.complain(f"{lane} was told {why} to {item.kind} {item.client_id} of {self.person.username}")

    def _remember(self, item: Item, message_id: int) -> None:
        if item.kind == "message" and item.id is None:
            item.id = message_id
            self._said.append(item)
            self._mine.append(message_id)
        elif item.kind == "edit":
            # only now again: two changes of one message under way could be stored in either order
            self._mine.append(message_id)

    def _new(self, number: int) -> Item:
        words = f"{self.name} says {number}"
        if time.monotonic() < self.scene.loud_until:
            words += " loud" * _LOUD_WORDS
        elif self._dice.randrange(4) == 0:
            words += f" {_LONG_WORDS * self._dice.randrange(80)}".rstrip()
        return Item("message", f"{self.name}-{number}", words[: self.scene.limits.message_characters])

    def _old(self, number: int) -> Item | None:
        if number % _REPEAT_EVERY == 0 and self._said:
            known = self._dice.choice(self._said)
            if known.client_id not in self.outbox:
                return Item("message", known.client_id, known.content, known.id)
        if not self._changes or not self._mine:
            return None
        if number % _DELETE_EVERY == 0:
            return Item("delete", f"{self.name}-d{number}", "", self._pick())
        if number % _EDIT_EVERY == 0:
            return Item("edit", f"{self.name}-e{number}", f"{self.name} corrects {number}", self._pick())
        return None

    def _pick(self) -> int:
        position = self._dice.randrange(len(self._mine))
        chosen = self._mine[position]
        del self._mine[position]
        return chosen
