"""How much one user may do, over all sockets and requests together."""

import time

from duologue.chat.errors import rate_limited
from duologue.kit.budget import Budget

_SWEEP_EVERY = 10_000


class Allowance:
    """A budget for each user; those who have theirs back in full are forgotten."""

    def __init__(self, rate: float, burst: int) -> None:
        self._rate = rate
        self._burst = burst
        self._budgets: dict[str, Budget] = {}
        self._until_sweep = _SWEEP_EVERY

    def spend(self, user_id: str) -> None:
        """Take one; raise Problem `rate_limited` with the time to wait."""
        now = time.monotonic()
        wait = self._of(user_id, now).spend(now)
        if wait:
            raise rate_limited(wait)

    def owe(self, user_id: str, events: int) -> None:
        """Take more, for what turned out to be more than one: never refused, what comes next waits for it."""
        now = time.monotonic()
        self._of(user_id, now).owe(events, now)

    def check(self, user_id: str) -> None:
        """Raise Problem `rate_limited` while more is owed than there was."""
        now = time.monotonic()
        wait = self._of(user_id, now).overdrawn(now)
        if wait:
            raise rate_limited(wait)

    def _of(self, user_id: str, now: float) -> Budget:
        budget = self._budgets.get(user_id)
        if budget is None:
            self._sweep(now)
            budget = self._budgets[user_id] = Budget(self._rate, self._burst)
        return budget

    def _sweep(self, now: float) -> None:
        self._until_sweep -= 1
        if self._until_sweep:
            return
        self._until_sweep = _SWEEP_EVERY
        self._budgets = {user: budget for user, budget in self._budgets.items() if not budget.is_full(now)}
