"""Chat's settings, each from an environment variable `DUOLOGUE_…`."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from duologue.kit.origins import Origins, read_origins
from duologue.kit.settings import Directory
from duologue.kit.websocket import Limits


class ChatSettings(BaseSettings):
    """Where chat keeps its data, whom it trusts, and what one user or socket may cost."""

    model_config = SettingsConfigDict(
        env_prefix="DUOLOGUE_", frozen=True, hide_input_in_errors=True, allow_inf_nan=False
    )

    data: Directory = Field(
        Path("data"), description="Directory of everything that is kept; chat's part is `chat/` in it."
    )
    issuer: str = Field("duologue", description="`iss` of the access tokens that are accepted.")
    auth_url: str = Field(
        "http://auth.localhost", description="Where chat asks auth for users and public keys when it runs on its own."
    )
    revocation_interval: float = Field(
        2.0,
        ge=0.1,
        le=60,
        description="Seconds until chat hears from auth which logins have ended; in one process it is told at once.",
    )
    # not above auth's KEY_DELAY: a token of a new key would come before the key
    key_interval: float = Field(
        30.0,
        ge=0.1,
        le=60,
        description="Seconds until chat hears from auth that there is a new signing key, or that one was withdrawn.",
    )
    auth_timeout: float = Field(3.0, gt=0, description="Seconds until auth counts as away.")
    allowed_origins: Origins = Field(
        "",
        description="Pages on other hosts that may open sockets, separated by commas: https://app.example.com",
    )
    message_characters: int = Field(4000, ge=1, le=30_000, description="Longest message.")
    sends_per_second: float = Field(10.0, gt=0, description="Messages a user may send, sustained, over all sockets …")
    sends_burst: int = Field(100, ge=1, description="… and at once.")
    rooms_per_minute: float = Field(60.0, gt=0, description="Rooms a user may create, sustained …")
    rooms_burst: int = Field(60, ge=1, description="… and at once.")
    reads_per_second: float = Field(
        50.0, gt=0, description="Requests that read over REST which a user may make, sustained …"
    )
    reads_burst: int = Field(
        200, ge=1, description="… and at once. An answer counts once more for each 64 KiB that it has."
    )
    sockets_per_user: int = Field(20, ge=1, description="Sockets a user may have open.")
    waiting_sockets: int = Field(
        50, ge=1, description="Sockets from one address that may be open without having shown a token."
    )
    auth_deadline: float = Field(5.0, gt=0, description="Seconds until a new socket must have shown a token.")
    signals_per_second: float = Field(10.0, gt=0, description="Read marks and typing signals of a user, sustained …")
    signals_burst: int = Field(100, ge=1, description="… and at once.")
    edit_seconds: int = Field(
        0, ge=0, description="Seconds for which its author can edit or delete a message; 0 is for ever."
    )
    held_events: int = Field(
        256,
        ge=16,
        description="Events of a room that wait in memory while a socket reads what it missed; at most half of "
        "`DUOLOGUE_QUEUED_BYTES` of them.",
    )
    ping_interval: float = Field(
        25.0, gt=0, description="Seconds of silence until a socket is asked for a sign of life."
    )
    # not below the sweep's own interval: a socket would be cut that was never asked
    ping_timeout: float = Field(20.0, ge=5, description="Seconds until a socket that does not answer is cut.")
    frame_bytes: int = Field(32 * 1024, ge=1024, description="Largest frame, and largest message in fragments.")
    fragments: int = Field(64, ge=1, description="Most frames of one message in fragments.")
    assembly_seconds: float = Field(10.0, gt=0, description="Seconds from a message's first fragment to its last.")
    control_frames_per_second: float = Field(10.0, gt=0, description="Pings and pongs a socket may send, sustained …")
    control_frames_burst: int = Field(20, ge=1, description="… and at once.")
    stalled_seconds: float = Field(
        30.0, gt=0, description="Seconds that a socket which asked for what it missed may leave it unread."
    )
    queued_frames: int = Field(
        256, ge=1, description="Frames that wait for a slow reader until it is closed with 4429."
    )
    queued_bytes: int = Field(1024 * 1024, ge=65_536, description="Bytes that wait for a slow reader, likewise.")
    writer_queue: int = Field(2000, ge=1, description="Messages that wait for the disk until more are turned away.")

    @property
    def directory(self) -> Path:
        """Chat's own directory."""
        return self.data / "chat"

    @property
    def database(self) -> Path:
        """Chat's own database file."""
        return self.directory / "chat.sqlite3"

    @property
    def origins(self) -> frozenset[str]:
        """The allow-list, folded."""
        return read_origins(self.allowed_origins)

    @property
    def socket_limits(self) -> Limits:
        """What one socket may cost."""
        return Limits(
            frame_bytes=self.frame_bytes,
            fragments=self.fragments,
            assembly_seconds=self.assembly_seconds,
            control_frames_per_second=self.control_frames_per_second,
            control_frames_burst=self.control_frames_burst,
            queued_frames=self.queued_frames,
            queued_bytes=self.queued_bytes,
            stalled_seconds=self.stalled_seconds,
        )
