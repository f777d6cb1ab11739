"""A web server to measure: gunicorn with one sync worker on loopback, and a client that does almost nothing."""

import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

HOST = "127.0.0.1"


@dataclass(frozen=True)
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes
    seconds: float


@contextmanager
def serving(workers: int = 1, **environment: str) -> Iterator[int]:
    """The port of a server with the site and, at /bench-empty/, a view that returns two letters."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "gunicorn", "benchmarks.wsgi:application", "--workers", str(workers)]
    command += ["--bind", f"{HOST}:{port}", "--log-level", "warning", "--timeout", "120"]
    server = subprocess.Popen(command, env=os.environ | environment)
    try:
        for _ in range(300):
            try:
                get(port, "/bench-empty/")
                break
            except OSError:
                time.sleep(0.1)
        yield port
    finally:
        server.terminate()
        server.wait(timeout=20)


def get(port: int, path: str, **headers: str) -> Reply:
    return ask(port, "GET", path, **headers)


def ask(port: int, method: str, path: str, body: bytes = b"", **headers: str) -> Reply:
    """One request on a connection of its own, as a sync worker serves them; timed from connect to the last byte."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {HOST}", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    request = ("\r\n".join(lines) + "\r\n\r\n").encode() + body
    start = time.perf_counter()
    with socket.create_connection((HOST, port), timeout=120) as link:
        link.sendall(request)
        parts = []
        while part := link.recv(1 << 16):
            parts.append(part)
    seconds = time.perf_counter() - start
    head, _, body = b"".join(parts).partition(b"\r\n\r\n")
    first, *rest = head.decode("latin-1").split("\r\n")
    found = dict(line.split(": ", 1) for line in rest)
    return Reply(int(first.split()[1]), {name.lower(): value for name, value in found.items()}, body, seconds)


def median(port: int, paths: Iterable[str], status: int = 200, **headers: str) -> float:
    """Median seconds a request; every answer must have ``status``."""
    replies = [get(port, path, **headers) for path in paths]
    wrong = {reply.status for reply in replies} - {status}
    if wrong:
        raise RuntimeError(f"answers {wrong} instead of {status}")
    return statistics.median(reply.seconds for reply in replies)
