"""A fetch against a site that is slow, huge, cut short or lying; and the same with the guard off, where it gets through."""

import gzip
import socket
import time

import pytest

from firms.connecting import fetching
from firms.connecting.guarding import Budget
from tests.firms.connecting.asking import get, refused
from tests.firms.connecting.site import Site, packed, page, raw, status

HEAD = b"HTTP/1.1 200 OK\r\n\r\n"


def test_a_plain_answer_arrives_whole(site):
    site.answers["/"] = page("你好".encode())
    assert get(site).decode() == "你好"


@pytest.mark.parametrize("code", [500, 503, 404, 403, 204, 206])
def test_what_is_not_an_answer_is_refused(site, code):
    site.answers["/"] = status(code)
    assert refused(site) == "bad_status"


def test_rubbish_in_place_of_http(site):
    site.answers["/"] = raw(b"\x00\x01\x02 rubbish\r\n\r\n")
    assert refused(site) == "not_http"


def test_nobody_there(monkeypatch):
    monkeypatch.setattr(fetching, "PAUSES", (0.01,))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert refused(Site(port=port)) == "no_connection"


def test_a_site_that_is_just_being_restarted_is_waited_for(site, monkeypatch):
    site.answers["/"] = page(b"content")
    real, tries = fetching.connect, []

    def refuses_once(*where):
        tries.append(where)
        if len(tries) == 1:
            raise ConnectionRefusedError
        return real(*where)

    monkeypatch.setattr(fetching, "connect", refuses_once)
    monkeypatch.setattr(fetching, "PAUSES", (0.01,))
    assert get(site) == b"content"


# ---- slow

TRICKLE = [HEAD, *[b"x"] * 40]  # two seconds


def test_a_trickle_is_ended_by_the_deadline(site):
    site.answers["/"] = raw(*TRICKLE, pause=0.05)
    began = time.monotonic()
    assert refused(site, seconds=0.4) == "too_slow"
    assert time.monotonic() - began < 1.5


def test_without_the_deadline_the_trickle_goes_on(site, monkeypatch):
    monkeypatch.setattr(fetching._Deadline, "_end", lambda self: None)
    site.answers["/"] = raw(*TRICKLE, pause=0.05)
    assert get(site, seconds=0.4) == b"x" * 40


def test_a_heading_that_never_ends_is_ended_too(site):
    lines = [b"HTTP/1.1 200 OK\r\n", *(b"X-%d: y\r\n" % n for n in range(40))]
    site.answers["/"] = raw(*lines, pause=0.05)
    assert refused(site, seconds=0.4) == "too_slow"


def test_a_handshake_that_never_comes_is_ended_too():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        site = Site(port=silent.getsockname()[1], tls=True)
        began = time.monotonic()
        assert refused(site, seconds=0.4) == "too_slow"
        assert time.monotonic() - began < 1.5


# ---- huge

CHUNK = b"2000\r\n" + b"x" * 0x2000 + b"\r\n"
ENDLESS = [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", *[CHUNK] * 640, b"0\r\n\r\n"]  # five MB


def test_an_endless_body_is_cut_off_at_the_limit(site):
    site.answers["/"] = raw(*ENDLESS, site=site)
    assert refused(site, size=100_000) == "too_large"


def test_without_the_limit_all_of_it_is_taken(site, monkeypatch):
    monkeypatch.setattr(Budget, "receive", lambda self, count: None)
    monkeypatch.setattr(Budget, "room", lambda self: 1 << 40)
    site.answers["/"] = raw(*ENDLESS)
    assert len(get(site, size=100_000)) == 640 * 0x2000


def test_a_body_that_says_it_is_huge_is_not_even_begun(site):
    site.answers["/"] = page(b"x", Content_Length="9000000000")
    assert refused(site, size=100_000) == "too_large"


BOMB = b"\0" * (20 << 20)  # in twenty kilobytes


def test_a_gzip_bomb_is_not_unpacked(site):
    site.answers["/"] = packed(BOMB)
    assert refused(site, size=1 << 20) == "too_large"


def test_without_the_limit_the_bomb_goes_off(site, monkeypatch):
    monkeypatch.setattr(Budget, "room", lambda self: 1 << 40)
    site.answers["/"] = packed(BOMB)
    assert len(get(site, size=1 << 20)) == len(BOMB)


def test_packing_that_was_not_asked_for_is_understood_and_claims_are_not_believed(site):
    site.answers["/"] = packed(b"content")
    site.answers["/two"] = page(gzip.compress(b"con") + gzip.compress(b"tent"), Content_Encoding="x-gzip")
    site.answers["/lie"] = page(b"content", Content_Encoding="gzip")
    assert [get(site, path) for path in ("/", "/two", "/lie")] == [b"content"] * 3
    site.answers["/br"] = page(b"content", Content_Encoding="br")
    site.answers["/twice"] = page(b"content", Content_Encoding="gzip, gzip")
    site.answers["/torn"] = page(gzip.compress(b"content" * 100)[:-12], Content_Encoding="gzip")
    site.answers["/bad"] = page(b"\x1f\x8b\x08" + b"\0" * 7 + b"\xff" * 99, Content_Encoding="gzip")
    codes = ["unknown_encoding", "unknown_encoding", "cut_short", "bad_packing"]
    assert [refused(site, path) for path in ("/br", "/twice", "/torn", "/bad")] == codes


# ---- closed midway

HALF = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + b"x" * 500


def test_half_a_body_is_no_body(site):
    site.answers["/"] = raw(HALF)
    site.answers["/chunked"] = raw(ENDLESS[0], CHUNK)
    site.answers["/heading"] = raw(b"HTTP/1.1 200 OK\r\nContent-")
    assert refused(site) == "cut_short"
    assert refused(site, "/chunked") == "cut_short"
    assert refused(site, "/heading") == "empty_body"


def test_without_counting_half_a_body_passes(site, monkeypatch):
    class Careless(fetching.HTTPConnection):
        def request(self, *args, **kwargs):
            super().request(*args, **kwargs | {"enforce_content_length": False})

    monkeypatch.setattr(fetching, "HTTPConnection", Careless)
    site.answers["/"] = raw(HALF)
    assert len(get(site)) == 500
