"""WebSockets (RFC 6455) on the connections that uvicorn upgrades: picows parses frames, we hold the rest of the RFC."""

from duologue.kit.websocket.close import CloseCode
from duologue.kit.websocket.handshake import Handshake, Refusal
from duologue.kit.websocket.limits import Limits
from duologue.kit.websocket.socket import WebSocket
from duologue.kit.websocket.upgrade import Accepted, Endpoint, protocol_for

__all__ = ["Accepted", "CloseCode", "Endpoint", "Handshake", "Limits", "Refusal", "WebSocket", "protocol_for"]
