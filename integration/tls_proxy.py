"""TLS in front of a server that speaks plain HTTP, as an encrypted cluster would answer."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

_PIECE = 65_536


@contextmanager
def tls_in_front_of(url: str, certificate: str, client_ca: str | None = None) -> Iterator[str]:
    """Listen on loopback with TLS and pass everything on to `url`; yields the https URL.

    Parameters
    ----------
    certificate : str
        File with key and certificate chain.
    client_ca : str, optional
        File of the CA that clients need a certificate of.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    if client_ca is not None:
        context.load_verify_locations(client_ca)
        context.verify_mode = ssl.CERT_REQUIRED
    behind = urlsplit(url)
    address = (behind.hostname or "", behind.port or 80)
    listener = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=_accept, args=(listener, context, address), daemon=True).start()
    try:
        yield f"https://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def _accept(listener: socket.socket, context: ssl.SSLContext, address: tuple[str, int]) -> None:
    while True:
        try:
            raw, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=_serve, args=(raw, context, address), daemon=True).start()


def _serve(raw: socket.socket, context: ssl.SSLContext, address: tuple[str, int]) -> None:
    try:
        front = context.wrap_socket(raw, server_side=True)
    except OSError:
        raw.close()
        return
    with front, socket.create_connection(address) as back:
        answers = threading.Thread(target=_pass_on, args=(back, front), daemon=True)
        answers.start()
        _pass_on(front, back)
        answers.join()


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while piece := source.recv(_PIECE):
            target.sendall(piece)
    for end in (source, target):
        with suppress(OSError):
            socket.socket.shutdown(end, socket.SHUT_RDWR)
