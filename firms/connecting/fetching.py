"""One answer of a public site, fetched under guard.

The address is checked, its host must be on the list, every address the host resolves to must be permitted, and the
connection goes to the very address that was checked: a name that answers differently the second time changes nothing. Each
redirect goes through all of it again. Bytes (packed and unpacked) and seconds are counted down over the whole fetch. No proxy,
cookie, credential or referrer is ever sent: nothing here reads the environment.
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
import zlib
from http.client import HTTPException
from types import TracebackType
from urllib.parse import quote, urljoin

from urllib3.connection import HTTPConnection
from urllib3.exceptions import HTTPError, ReadTimeoutError
from urllib3.response import HTTPResponse

from firms.connecting.guarding import ASK_SITE, IDLE, Budget, Guard, Target, check, permitted
from firms.connecting.problem import Unfetched

BLOCK = 1 << 16
PAUSES = (1.0, 3.0)  # a site that is just being restarted


def get(url: str, guard: Guard, budget: Budget) -> bytes:
    """The body of the answer at ``url``, unpacked. Raises Unfetched for everything else than a whole body under guard."""
    target = check(url, guard)
    for _ in range(guard.redirects + 1):
        answer = _ask(target, permitted(target, guard, budget), guard, budget)
        if isinstance(answer, bytes):
            return answer
        target = check(urljoin(target.url, answer), guard)
    raise Unfetched(
        "too_many_redirects", f"对方网站连续跳转超过 {guard.redirects} 次。", "请在浏览器中打开，填写最后到达的地址。"
    )


def _ask(target: Target, addresses: list[str], guard: Guard, budget: Budget) -> bytes | str:
    """The body, or where the site sends us instead."""
    bare = _connected(target, addresses, budget)
    with _Deadline(bare, budget) as deadline:
        try:
            sock = bare if target.scheme == "http" else _secured(bare, target.host, guard)
            with sock:
                return _exchange(sock, target, budget)
        except Unfetched as problem:
            raise deadline.why() or problem from None
        except ssl.SSLCertVerificationError as error:
            raise deadline.why() or Unfetched(
                "bad_certificate",
                f"{target.host} 的安全证书不可信：{error.verify_message}。",
                "请联系对方网站更换证书；政务内网自有证书的，请系统管理员加入信任。",
            ) from error
        except (TimeoutError, ReadTimeoutError) as error:
            raise deadline.why() or Unfetched("no_answer", f"对方网站 {IDLE:g} 秒没有回应。", ASK_SITE) from error
        except ssl.SSLError as error:
            raise deadline.why() or Unfetched("tls_failed", f"与 {target.host} 的安全连接失败。", ASK_SITE) from error
        except (HTTPError, OSError) as error:
            raise deadline.why() or _cut() from error
        except (HTTPException, ValueError) as error:
            raise deadline.why() or Unfetched("not_http", "对方的回答不是完整的 HTTP。", ASK_SITE) from error


def _cut() -> Unfetched:
    return Unfetched("cut_short", "连接中途断开，内容不完整。", ASK_SITE)


def _connected(target: Target, addresses: list[str], budget: Budget) -> socket.socket:
    for pause in (*PAUSES, 0.0):
        for address in addresses[:4]:
            try:
                return connect(address, target.port, min(budget.seconds(), IDLE))
            except OSError:
                continue
        time.sleep(min(pause, budget.seconds()))
    raise Unfetched("no_connection", f"连接不上 {target.host}:{target.port}。", ASK_SITE)


def connect(address: str, port: int, seconds: float) -> socket.socket:
    """A connection to an address (not a name) that was checked."""
    return socket.create_connection((address, port), timeout=seconds)


def _secured(sock: socket.socket, host: str, guard: Guard) -> ssl.SSLSocket:
    """TLS with the certificate checked against the name that was asked for, not the address."""
    context = guard.tls or ssl.create_default_context()
    return context.wrap_socket(sock, server_hostname=host)


class _Deadline:
    """Ends the connection when the fetch's time is up, wherever it is then: in the handshake, the headers or the body.

    A timeout of the socket alone never ends a site that sends one byte every few seconds.
    """

    def __init__(self, sock: socket.socket, budget: Budget) -> None:
        self._budget = budget
        self._passed = False
        self._twin = sock.dup()  # TLS takes the original away; shutting down either ends both
        self._timer = threading.Timer(budget.seconds(), self._end)
        self._timer.daemon = True

    def _end(self) -> None:
        self._passed = True
        try:
            self._twin.shutdown(socket.SHUT_RDWR)
        except OSError:
            return  # already gone

    def why(self) -> Unfetched | None:
        return self._budget.too_slow() if self._passed else None

    def __enter__(self) -> _Deadline:
        self._timer.start()
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._timer.cancel()
        self._twin.close()
        # An answer without a stated length looks complete when it was we who ended it.
        if error is None and self._passed:
            raise self._budget.too_slow()


def _exchange(sock: socket.socket, target: Target, budget: Budget) -> bytes | str:
    sock.settimeout(min(budget.seconds(), IDLE))
    connection = HTTPConnection(target.host, target.port, timeout=min(budget.seconds(), IDLE))
    connection.sock = sock
    connection.request(
        "GET",
        target.path,
        headers={
            "Host": target.authority,
            "User-Agent": "xxgx-connector/1",
            "Accept": "*/*",
            "Accept-Encoding": "identity",
            "Connection": "close",
        },
        preload_content=False,
        decode_content=False,
    )
    response = connection.getresponse()
    if response.status in (301, 302, 303, 307, 308):
        return _location(response)
    if response.status != 200:
        raise Unfetched("bad_status", f"对方网站回答 {response.status}。", ASK_SITE)
    body = _received(response, budget)
    if not body:
        raise Unfetched("empty_body", "对方网站的回答是空的。", ASK_SITE)
    return _unpacked(body, response.headers.get("content-encoding", ""), budget)


def _location(response: HTTPResponse) -> str:
    place = response.headers.get("location", "")
    if not place:
        raise Unfetched("bad_redirect", "对方网站要求跳转，却没有说明去向。", ASK_SITE)
    # Header bytes arrive as Latin-1; a Chinese path in it is UTF-8.
    return quote(place.encode("latin-1", "replace"), safe="/%:@!$&'()*+,;=~-._?#[]")


def _received(response: HTTPResponse, budget: Budget) -> bytes:
    stated = response.headers.get("content-length", "")
    if stated.isdigit() and len(stated) < 19 and int(stated) > budget.guard.size - budget.received:
        raise budget.too_large()
    blocks = []
    while block := response.read(BLOCK, decode_content=False):
        budget.receive(len(block))
        blocks.append(block)
    return b"".join(blocks)


def _unpacked(body: bytes, encoding: str, budget: Budget) -> bytes:
    """The body without its transport packing, which was not asked for but happens; never more than there is room for."""
    names = [name for name in encoding.lower().replace(" ", "").split(",") if name not in ("", "identity")]
    if names and names not in (["gzip"], ["x-gzip"], ["deflate"]):
        raise Unfetched("unknown_encoding", f"对方网站用了未请求的压缩方式 {encoding[:40]}。", ASK_SITE)
    packed = bool(names) and (names == ["deflate"] or body[:2] == b"\x1f\x8b")  # some only claim to have packed it
    content = inflate(body, budget) if packed else body
    budget.unpacked += len(content)
    if budget.room() < 0:
        raise budget.too_large()
    return content


def inflate(body: bytes, budget: Budget) -> bytes:
    """gzip (of one or more members) or zlib unpacked; stops as soon as it would exceed the room there is."""
    blocks, size, rest = [], 0, body
    try:
        while rest:
            unpacker = zlib.decompressobj(47)  # gzip or zlib by what it is
            block = unpacker.decompress(rest, budget.room() - size + 1)
            size += len(block)
            if size > budget.room():
                raise budget.too_large()
            blocks.append(block)
            if not unpacker.eof:
                raise _cut()
            rest = unpacker.unused_data.lstrip(b"\0")
    except zlib.error as error:
        raise Unfetched("bad_packing", "对方网站传来的压缩内容已损坏。", ASK_SITE) from error
    return b"".join(blocks)
