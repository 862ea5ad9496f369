"""Settings of the process itself."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from duologue.kit.addresses import check_networks
from duologue.kit.origins import Origins, read_origins
from duologue.kit.settings import Directory

MOST_PORT = 65_535

Port = Annotated[int, Field(ge=0, le=MOST_PORT)]


class ServeSettings(BaseSettings):
    """Where the process listens and how it logs."""

    model_config = SettingsConfigDict(
        env_prefix="DUOLOGUE_", frozen=True, hide_input_in_errors=True, populate_by_name=True, allow_inf_nan=False
    )

    host: str = Field(
        "127.0.0.1",
        validation_alias="HOST",
        description="Address to listen on; 0.0.0.0 for all of IPv4, :: for all of IPv6.",
    )
    port: Port = Field(8000, validation_alias="PORT", description="Port to listen on; 0 picks a free one.")
    also_port: Port | None = Field(
        None, validation_alias="ALSO_PORT", description="A second port to listen on, such as 80; empty for none."
    )
    data: Directory = Field(Path("data"), description="Directory of everything that is kept.")
    allowed_origins: Origins = Field(
        "", description="Pages on other hosts that may call the APIs (CORS) and open sockets, separated by commas."
    )
    trusted_proxies: str = Field(
        "", description="Addresses or networks, separated by commas, whose X-Forwarded-For is believed."
    )
    log_format: str = Field("auto", pattern="^(auto|json|console)$", description="auto, json or console.")
    log_level: str = Field("info", pattern="^(debug|info|warning|error)$", description="debug, info, warning or error.")
    drain_seconds: int = Field(10, ge=1, description="Seconds that open requests and sockets get at a stop.")
    connections: int = Field(
        0,
        ge=0,
        description="Connections at once, a tenth of them for requests alone; 0: what the limit of open files allows.",
    )
    keep_alive: int = Field(30, ge=1, description="Seconds an idle HTTP connection stays open.")
    request_head_seconds: float = Field(10.0, gt=0, description="Seconds until a request's head must be here.")

    @field_validator("trusted_proxies")
    @classmethod
    def _are_networks(cls, value: str) -> str:
        check_networks(value)
        return value

    @property
    def origins(self) -> frozenset[str]:
        """The allow-list, folded."""
        return read_origins(self.allowed_origins)

    @field_validator("also_port", mode="before")
    @classmethod
    def _or_none(cls, value: object) -> object:
        # a line like ALSO_PORT=${ALSO_PORT:-} in a compose file
        return None if value == "" else value
