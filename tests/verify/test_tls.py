"""https and wss, with the certificate looked at."""

import asyncio
import contextlib
import datetime
import ipaddress
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.rig.server import RunningServer
from tests.serve.command import duologue

pytestmark = pytest.mark.slow


def certificate(folder: Path) -> tuple[Path, Path]:
    """Make a certificate for 127.0.0.1 that vouches for itself; return its file and its key's."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    paths = folder / "certificate.pem", folder / "key.pem"
    paths[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return paths


class Front:
    """Speaks TLS before a server, as a proxy does."""

    def __init__(self, server: RunningServer, files: tuple[Path, Path]) -> None:
        self._server = server
        self._tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._tls.load_cert_chain(*files)
        self._loop = asyncio.new_event_loop()
        self._up = threading.Event()
        self._down = asyncio.Event()
        self.port = 0

    @contextlib.contextmanager
    def running(self) -> Iterator[str]:
        thread = threading.Thread(target=self._loop.run_until_complete, args=(self._serve(),))
        thread.start()
        assert self._up.wait(10)
        try:
            yield f"https://127.0.0.1:{self.port}"
        finally:
            self._loop.call_soon_threadsafe(self._down.set)
            thread.join(10)
            self._loop.close()

    async def _serve(self) -> None:
        listening = await asyncio.start_server(self._pass_on, "127.0.0.1", 0, ssl=self._tls)
        self.port = listening.sockets[0].getsockname()[1]
        self._up.set()
        await self._down.wait()
        listening.close()
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._server.port)
        try:
            await asyncio.gather(_copy(reader, far_writer), _copy(far_reader, writer))
        finally:
            for each in (far_writer, writer):
                each.transport.abort()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.transport.abort()


def test_a_server_behind_tls_is_verified_if_its_certificate_is(server: RunningServer, tmp_path: Path) -> None:
    files = certificate(tmp_path)
    with Front(server, files).running() as url:
        trusted = duologue("verify", url, "--seconds", "4", data=tmp_path, env={"SSL_CERT_FILE": str(files[0])})
        assert trusted.returncode == 0, trusted.stderr + trusted.stdout
        assert f"against {url}" in trusted.stdout
        stranger = duologue("verify", url, "--seconds", "4", data=tmp_path)
        assert stranger.returncode == 2
        assert stranger.stdout == "COULD NOT START: the server's certificate cannot be verified\n"
