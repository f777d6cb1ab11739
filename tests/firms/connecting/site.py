"""A public site for tests, on this machine: it answers as told, however badly, and remembers what it was asked."""

from __future__ import annotations

import contextlib
import gzip
import ipaddress
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from firms.connecting.guarding import Guard

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)
Answer = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Site:
    """``with Site() as site: site.answers["/x"] = page(b"…")``; ``asked`` lists (path, headers) in order."""

    address: str = "127.0.0.1"
    port: int = 0
    answers: dict[str, Answer] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    sent: int = 0
    tls: Any = None

    def __enter__(self) -> Site:
        site = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                site.asked.append((self.path, dict(self.headers)))
                answer = site.answers.get(self.path) or site.answers.get(self.path.partition("?")[0])
                self.close_connection = True
                with contextlib.suppress(OSError):  # the other side hung up on us, as it should
                    (answer or status(404))(self)

            def log_message(self, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer((self.address, self.port), Handler)
        self._server.daemon_threads = True
        if self.tls is not None:
            self._server.socket = self.tls.wrap_socket(self._server.socket, server_side=True)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def url(self, path: str) -> str:
        return f"{'https' if self.tls else 'http'}://{self.address}:{self.port}{path}"

    def guard(self, **changes: Any) -> Guard:
        """A guard that lets this site in, and nothing else."""
        usual: dict[str, Any] = {
            "hosts": (f"{self.address}:{self.port}",), "networks": LOOPBACK, "insecure": True, "seconds": 10.0,
        }  # fmt: skip
        return Guard(**usual | changes)


def page(body: bytes, *, kind: str = "text/html", code: int = 200, **headers: str) -> Answer:
    """A plain answer; underscores in header names are hyphens."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(code)
        handler.send_header("Content-Type", kind)
        handler.send_header("Content-Length", headers.pop("Content_Length", "") or str(len(body)))
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def as_json(value: Any) -> Answer:
    return page(json.dumps(value, ensure_ascii=False).encode(), kind="application/json")


def packed(body: bytes) -> Answer:
    return page(gzip.compress(body), Content_Encoding="gzip")


def status(code: int) -> Answer:
    return page(b"<h1>error</h1>", code=code)


def to(location: str, code: int = 302, **headers: str) -> Answer:
    return page(b"", code=code, Location=location, **headers)


def raw(*blocks: bytes, pause: float = 0.0, site: Site | None = None) -> Answer:
    """Bytes as they are, heading included, a pause before each block but the first; then the connection is closed."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        stop = threading.Event()
        for at, block in enumerate(blocks):
            if at:
                stop.wait(pause)
            handler.wfile.write(block)
            if site is not None:
                site.sent += len(block)

    return answer
