"""Free ports that stay free: another test process, or a connection that needs one, is not given them meanwhile."""

import socket
import sys


def hold_port() -> tuple[int, socket.socket]:
    """Return a free port and what holds it until it is closed: a socket that is bound and never listens.

    To Linux that is no obstacle to a server that sets SO_REUSEADDR, and who knocks before it listens is refused.
    """
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.bind(("127.0.0.1", 0))
    port: int = held.getsockname()[1]
    # elsewhere it would be in the server's way
    if sys.platform != "linux":
        held.close()
    return port, held
