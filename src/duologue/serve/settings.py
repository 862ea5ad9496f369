"""Settings of the process itself."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from duologue.kit.settings import Directory


class ServeSettings(BaseSettings):
    """Where the process listens and how it logs."""

    model_config = SettingsConfigDict(
        env_prefix="DUOLOGUE_", frozen=True, hide_input_in_errors=True, populate_by_name=True
    )

    host: str = Field("127.0.0.1", validation_alias="HOST", description="Address to listen on; 0.0.0.0 for all.")
    port: int = Field(
        8000, ge=0, le=65535, validation_alias="PORT", description="Port to listen on; 0 picks a free one."
    )
    data: Directory = Field(Path("data"), description="Directory of everything that is kept.")
    allowed_origins: str = Field(
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
