"""Servers that start with one of the modules here that weaken them."""

from pathlib import Path

from tests.rig.server import ROOMY

FAILPOINTS = Path(__file__).with_name("failpoints")
WEAKENED = Path(__file__).with_name("weakened")
# what people do without a pause
TALKATIVE = ROOMY | {"DUOLOGUE_SIGNALS_PER_SECOND": "100000", "DUOLOGUE_SIGNALS_BURST": "100000"}


class Trap:
    """A file that makes a server fail at its place while it is there."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def arm(self) -> None:
        """From now on it fails there."""
        self._file.touch()

    def disarm(self) -> None:
        """No longer."""
        self._file.unlink()


def failing(folder: Path, place: str) -> tuple[dict[str, str], Trap]:
    """Return the settings of a server that fails at a place, and what arms it."""
    armed = folder / "armed"
    env = {"PYTHONPATH": str(FAILPOINTS), "FAILPOINT": place, "FAILPOINT_FILE": str(armed)}
    return TALKATIVE | env, Trap(armed)


def dawdling(seed: int, **settings: str) -> dict[str, str]:
    """Return the settings of a server whose reads take a random time."""
    return TALKATIVE | {"PYTHONPATH": str(FAILPOINTS), "DAWDLES": str(seed)} | settings
