"""Where a fetch may be led, where it may connect, and what it never sends; each with the guard off, where it gets through."""

import ipaddress
import shutil
import socket
import ssl
import subprocess
import time
import urllib.request

import pytest

from firms.connecting import fetching, guarding
from firms.connecting.guarding import Budget, Guard
from firms.connecting.problem import Unfetched
from tests.firms.connecting.asking import get, refused
from tests.firms.connecting.site import Site, page, to

# ---- redirects


def test_a_redirect_on_the_list_is_followed(site):
    site.answers["/"] = to("/there?a=1")
    site.answers["/there"] = page(b"content")
    assert get(site) == b"content"
    assert [path for path, _ in site.asked] == ["/", "/there?a=1"]


def test_a_redirect_off_the_list_is_not(site, elsewhere):
    site.answers["/"] = to(elsewhere.url("/"))
    assert refused(site) == "host_not_listed"
    assert not elsewhere.asked


def test_without_the_list_it_would_be(site, elsewhere, monkeypatch):
    monkeypatch.setattr(guarding, "_listed", lambda *args: True)
    site.answers["/"] = to(elsewhere.url("/"))
    assert get(site) == b"secret"


def test_a_redirect_to_another_scheme_is_not_followed(site):
    for place in ("file:///etc/passwd", "ftp://127.0.0.1/", "gopher://127.0.0.1:70/", ""):
        site.answers["/"] = to(place)
        assert refused(site) in {"scheme_forbidden", "bad_redirect", "bad_address"}, place


def test_a_loop_is_left_after_three(site):
    site.answers["/"] = to("/")
    assert refused(site) == "too_many_redirects"
    assert len(site.asked) == 4


def test_the_limit_is_what_ends_it(site):
    for n in range(10):
        site.answers[f"/{n}"] = to(f"/{n + 1}")
    site.answers["/10"] = page(b"content")
    assert refused(site, "/0") == "too_many_redirects"
    assert get(site, "/0", redirects=10) == b"content"


# ---- where it may connect


def test_this_machine_is_not_a_public_site(site):
    site.answers["/"] = page(b"secret")
    assert refused(site, networks=()) == "address_forbidden"
    assert not site.asked


def test_without_the_look_at_the_address_it_would_be(site, monkeypatch):
    monkeypatch.setattr(guarding, "_may_connect", lambda *args: True)
    site.answers["/"] = page(b"secret")
    assert get(site, networks=()) == b"secret"


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0", "100.64.0.1", "224.0.0.1",  # noqa: S104
        "255.255.255.255", "192.0.2.1", "198.18.0.1", "::1", "::", "fe80::1", "fec0::1", "fc00::1", "ff02::1", "::ffff:127.0.0.1",
        "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "2001:db8::1",
    ],
)  # fmt: skip
def test_addresses_that_are_nobodys_public_site(address):
    assert not guarding._may_connect(ipaddress.ip_address(address), ())


@pytest.mark.parametrize("address", ["223.5.5.5", "8.8.8.8", "2400:3200::1", "64:ff9b::df05:505", "::ffff:223.5.5.5"])
def test_addresses_that_may_be(address):
    assert guarding._may_connect(ipaddress.ip_address(address), ())


def test_a_network_of_our_own_is_let_in_by_name_only():
    network = (ipaddress.ip_network("10.20.0.0/16"),)
    assert guarding._may_connect(ipaddress.ip_address("10.20.3.4"), network)
    assert not guarding._may_connect(ipaddress.ip_address("10.21.3.4"), network)


def test_one_bad_address_among_good_ones_is_enough(site, monkeypatch):
    monkeypatch.setattr(guarding, "look_up", lambda host, port: ["223.5.5.5", "10.0.0.1"])
    assert refused(site, networks=()) == "address_forbidden"


def test_no_such_host(site, monkeypatch):
    def fails(host, port):
        raise socket.gaierror

    monkeypatch.setattr(guarding, "look_up", fails)
    assert refused(site) == "no_such_host"


def test_a_resolver_that_hangs_is_not_waited_for(site, monkeypatch):
    monkeypatch.setattr(guarding, "look_up", lambda host, port: time.sleep(5) or ["127.0.0.1"])
    began = time.monotonic()
    assert refused(site, seconds=0.3) == "no_such_host"
    assert time.monotonic() - began < 2


@pytest.fixture
def rebinding(monkeypatch):
    """A name that is first the public site's (127.0.0.2, let in), then the internal one's (127.0.0.1, not)."""
    with Site("127.0.0.2") as public, Site("127.0.0.1", public.port) as internal:
        public.answers["/"], internal.answers["/"] = page(b"public"), page(b"secret")
        answers = iter(["127.0.0.2"])
        real = socket.getaddrinfo

        def changing(host, port, *args, **kwargs):
            if host == "data.example.cn":
                host = next(answers, "127.0.0.1")
            return real(host, port, *args, **kwargs)

        monkeypatch.setattr(socket, "getaddrinfo", changing)
        guard = Guard(
            hosts=(f"data.example.cn:{public.port}",), networks=(ipaddress.ip_network("127.0.0.2/32"),), insecure=True
        )
        yield f"http://data.example.cn:{public.port}/", guard, internal


def test_a_name_that_changes_its_answer_changes_nothing(rebinding):
    url, guard, internal = rebinding
    assert fetching.get(url, guard, Budget(guard)) == b"public"
    assert not internal.asked


def test_connecting_by_name_after_the_check_would_be_led_astray(rebinding, monkeypatch):
    url, guard, _internal = rebinding
    monkeypatch.setattr(
        fetching, "connect", lambda address, port, seconds: socket.create_connection(("data.example.cn", port), seconds)
    )
    assert fetching.get(url, guard, Budget(guard)) == b"secret"


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("https://data.example.cn/a", ""),
        ("https://DATA.example.cn./a", ""),
        ("https://data.example.cn:443/a", ""),
        ("https://a.b.gov.test/a", ""),
        ("https://gov.test/a", "host_not_listed"),
        ("https://evilgov.test/a", "host_not_listed"),
        ("https://data.example.cn:8443/a", "host_not_listed"),
        ("https://other.example.cn/a", "host_not_listed"),
        ("https://data.example.cn.evil.test/a", "host_not_listed"),
        ("https://data.example.cn@evil.test/a", "credentials_in_address"),
        ("https://user:pass@data.example.cn/a", "credentials_in_address"),
        ("http://data.example.cn/a", "scheme_forbidden"),
        ("ftp://data.example.cn/a", "scheme_forbidden"),
        ("javascript:alert(1)", "scheme_forbidden"),
        ("https:///a", "scheme_forbidden"),
        ("https://data.example.cn\\@evil.test/", "bad_address"),
        ("https://data.example.cn/a b", "bad_address"),
        ("https://data.example.cn/\r\nX: y", "bad_address"),
        ("https://data.example.cn:99999/", "bad_address"),
        ("https://[::1/", "bad_address"),
    ],
)
def test_addresses_are_taken_apart_strictly(url, code):
    guard = Guard(hosts=("data.example.cn", ".gov.test"))
    try:
        guarding.check(url, guard)
        said = ""
    except Unfetched as problem:
        said = problem.code
    assert said == code


def test_chinese_in_an_address_is_written_as_servers_expect():
    target = guarding.check("https://数据.example.cn/名单?年=2024&x=%20", Guard(hosts=(".example.cn",)))
    assert target.host.isascii()
    assert target.host.encode().decode("idna") == "数据.example.cn"
    assert target.path == "/%E5%90%8D%E5%8D%95?%E5%B9%B4=2024&x=%20"


# ---- what is never sent


def test_no_proxy_of_the_environment_is_used(site, elsewhere, monkeypatch):
    site.answers["/"] = page(b"direct")
    elsewhere.answers[site.url("/")] = page(b"through the proxy")
    monkeypatch.setenv("http_proxy", elsewhere.url(""))
    monkeypatch.setenv("no_proxy", "")
    # It reads the environment once and for all: what it then knows must not outlive this test.
    monkeypatch.setattr(urllib.request, "_opener", None)
    assert get(site) == b"direct"
    with urllib.request.urlopen(site.url("/")) as usual:  # noqa: S310  (the control: what a client does by itself)
        assert usual.read() == b"through the proxy"


def test_no_cookie_credential_or_referrer_goes_back(site):
    site.answers["/"] = to("/there", Set_Cookie="session=1")
    site.answers["/there"] = page(b"content")
    get(site)
    for _, headers in site.asked:
        assert set(headers) == {"Host", "User-Agent", "Accept", "Accept-Encoding", "Connection"}
    usual = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    usual.open(site.url("/")).read()
    assert "Cookie" in site.asked[-1][1]  # the control: the site did offer one


# ---- https


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """(certificate, key) for data.example.cn, trusted by nobody but who is told to."""
    tool = shutil.which("openssl")
    if tool is None:
        pytest.skip("needs the openssl command to make a certificate")
    folder = tmp_path_factory.mktemp("tls")
    command = [
        tool, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=data.example.cn",
        "-addext", "subjectAltName=DNS:data.example.cn", "-keyout", folder / "key.pem", "-out", folder / "cert.pem",
    ]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603
    return folder / "cert.pem", folder / "key.pem"


@pytest.fixture
def secure(certificate, monkeypatch):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    monkeypatch.setattr(guarding, "look_up", lambda host, port: ["127.0.0.1"])
    with Site(tls=context) as one:
        one.answers["/"] = page(b"content")
        yield one


def ask_securely(secure, host, tls):
    guard = secure.guard(hosts=(f"{host}:{secure.port}",), insecure=False, tls=tls)
    return fetching.get(f"https://{host}:{secure.port}/", guard, Budget(guard))


def test_the_certificate_is_checked_against_the_name_though_we_connect_to_the_address(secure, certificate):
    trusting = ssl.create_default_context(cafile=certificate[0])
    assert ask_securely(secure, "data.example.cn", trusting) == b"content"
    assert secure.asked[0][1]["Host"] == f"data.example.cn:{secure.port}"
    for host, tls in (("other.example.cn", trusting), ("data.example.cn", None)):
        with pytest.raises(Unfetched) as problem:
            ask_securely(secure, host, tls)
        assert problem.value.code == "bad_certificate"


def test_without_the_check_of_the_name_another_sites_certificate_would_do(secure, certificate):
    careless = ssl.create_default_context(cafile=certificate[0])
    careless.check_hostname = False
    assert ask_securely(secure, "other.example.cn", careless) == b"content"
