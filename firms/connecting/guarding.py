"""What a fetch may reach: hosts by a list, addresses by what they are, bytes and seconds by a budget. Nothing is sent here."""

from __future__ import annotations

import ipaddress
import re
import socket
import ssl
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit

from firms.connecting.problem import Unfetched

IDLE = 20.0  # seconds of silence; a trickle is ended by the deadline
PORTS = {"http": 80, "https": 443}
_UNFIT = re.compile(r"[\x00-\x20\x7f-\x9f\\]")  # what browsers and libraries disagree about
ASK_SITE = "请稍后再试；一直如此的，请联系对方网站或停用该数据源。"
_ASK_OFFICE = "请核对地址；确需采集的，请系统管理员把主机加入允许名单。"

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class Guard:
    """What a fetch may do. ``hosts``: exact names, ``.example.cn`` for all below it, ``name:8443`` for another port.

    ``networks`` are permitted although they are not public; ``insecure`` permits http. ``size`` bytes and ``seconds`` count
    for a whole fetch with all its pages and redirects.
    """

    hosts: tuple[str, ...] = ()
    networks: tuple[Network, ...] = ()
    insecure: bool = False
    size: int = 20 << 20
    seconds: float = 120.0
    redirects: int = 3
    pages: int = 200
    tls: ssl.SSLContext | None = None


@dataclass(slots=True)
class Budget:
    """What is left of one fetch: seconds, bytes to receive, bytes to unpack into."""

    guard: Guard
    received: int = 0
    unpacked: int = 0
    _ends: float = field(init=False)

    def __post_init__(self) -> None:
        self._ends = time.monotonic() + self.guard.seconds

    def seconds(self) -> float:
        left = self._ends - time.monotonic()
        if left <= 0:
            raise self.too_slow()
        return left

    def receive(self, count: int) -> None:
        self.received += count
        if self.received > self.guard.size:
            raise self.too_large()

    def room(self) -> int:
        return self.guard.size - self.unpacked

    def too_slow(self) -> Unfetched:
        return Unfetched("too_slow", f"对方网站在 {self.guard.seconds:g} 秒内没有传完，已断开。", ASK_SITE)

    def too_large(self) -> Unfetched:
        limit = f"{self.guard.size / 1048576:.0f} MB" if self.guard.size >= 1048576 else f"{self.guard.size} 字节"
        return Unfetched("too_large", f"内容超过上限 {limit}，已断开。", "请改用分页地址，或请系统管理员调高上限。")


@dataclass(frozen=True, slots=True)
class Target:
    """A checked address: ``host`` in ASCII and lower case, ``path`` as it is asked for."""

    url: str
    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        name = f"[{self.host}]" if ":" in self.host else self.host
        return name if self.port == PORTS[self.scheme] else f"{name}:{self.port}"


def check(url: str, guard: Guard) -> Target:
    """The address taken apart. Raises Unfetched: not an address, a scheme or a host that is not permitted."""
    bad = Unfetched("bad_address", "地址不正确。", "请填写完整的网址，例如 https://data.example.gov.cn/list.json。")
    if _UNFIT.search(url) or len(url) > 2000:
        raise bad
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").rstrip(".").encode("idna").decode().lower()
        port = parts.port or PORTS.get(parts.scheme, 0)
    except ValueError as error:
        raise bad from error
    if parts.scheme not in PORTS or not host:
        raise Unfetched("scheme_forbidden", "只能采集 https 地址。", "请填写以 https:// 开头的网址。")
    if parts.scheme == "http" and not guard.insecure:
        raise Unfetched(
            "scheme_forbidden", "不加密的 http 地址不允许采集。", "请改用 https；对方没有的，请系统管理员放行 http。"
        )
    if "@" in parts.netloc:
        raise Unfetched("credentials_in_address", "地址里不能带用户名或密码。", "请去掉 @ 及其前面的内容。")
    if not _listed(host, port, parts.scheme, guard.hosts):
        raise Unfetched("host_not_listed", f"主机 {host}:{port} 不在允许名单内。", _ASK_OFFICE)
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
    query = quote(parts.query, safe="/%:@!$&'()*+,;=~-._?")
    return Target(url, parts.scheme, host, port, f"{path}?{query}" if query else path)


def _listed(host: str, port: int, scheme: str, hosts: Iterable[str]) -> bool:
    for entry in hosts:
        name, colon, own = entry.strip().lower().rpartition(":")
        if not colon or not own.isdigit():
            name, own = entry.strip().lower(), ""
        name = name.strip("[]")
        if port == (int(own) if own else PORTS[scheme]) and (
            host == name or (name.startswith(".") and host.endswith(name))
        ):
            return True
    return False


def look_up(host: str, port: int) -> list[str]:
    """The addresses of a host, as the system's resolver gives them."""
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def permitted(target: Target, guard: Guard, budget: Budget) -> list[str]:
    """Every address the host has now. Raises Unfetched if any one of them is not public and not allowed by the guard."""
    found: list[str] = []
    failed: list[OSError | UnicodeError] = []

    def ask() -> None:
        try:
            found.extend(look_up(target.host, target.port))
        except (OSError, UnicodeError) as error:
            failed.append(error)

    # The system's resolver knows no deadline: it is waited for, not obeyed.
    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(min(budget.seconds(), IDLE))
    addresses = list(dict.fromkeys(found))
    if thread.is_alive() or failed or not addresses:
        raise Unfetched("no_such_host", f"找不到主机 {target.host}。", "请核对地址；或检查服务器的域名解析。")
    for text in addresses:
        if not _may_connect(ipaddress.ip_address(text.partition("%")[0]), guard.networks):
            raise Unfetched(
                "address_forbidden",
                f"主机 {target.host} 指向不允许访问的地址 {text}。",
                "内部、本机和保留地址不能采集；确为政务内网数据源的，请系统管理员放行该网段。",
            )
    return addresses


def _may_connect(address: Address, networks: Iterable[Network]) -> bool:
    if any(address in network for network in networks if network.version == address.version):
        return True
    inner: list[Address] = []
    if isinstance(address, ipaddress.IPv6Address):
        # An address inside an address: what a translator on the way would connect to.
        embedded = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
        if address in ipaddress.IPv6Network("64:ff9b::/96"):
            embedded.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
        inner = [one for one in embedded if one is not None]
    if inner:
        return all(_may_connect(one, networks) for one in inner)
    if isinstance(address, ipaddress.IPv6Address) and address.is_site_local:
        return False  # fec0::/10, deprecated: Python calls it global, a network that still uses it does not
    closed = address.is_multicast or address.is_reserved or address.is_unspecified or address.is_loopback
    return address.is_global and not (closed or address.is_private or address.is_link_local)
