"""Bodies are read in pieces, within the limit, whole or not at all."""

from __future__ import annotations

import contextlib
import gzip
import io
import socket
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.api.body import PIECE_BYTES, RequestBody, linger
from sidecar.errors import BadRequestError, ContentTooLargeError, IllegalArgumentError, MlError

LIMIT = 8 * PIECE_BYTES


def body_of(
    data: bytes,
    *,
    encoding: str | None = None,
    chunked: bool = False,
    length: int | None = None,
) -> RequestBody:
    return RequestBody(
        io.BytesIO(data),
        length=None if chunked else len(data) if length is None else length,
        chunked=chunked,
        encoding=encoding,
    )


@pytest.mark.parametrize(
    ("encoding", "compress"),
    [
        pytest.param(None, bytes, id="identity"),
        pytest.param("gzip", gzip.compress, id="gzip"),
        pytest.param("x-gzip", gzip.compress, id="x-gzip"),
        pytest.param("GZIP", gzip.compress, id="upper case"),
        pytest.param("deflate", zlib.compress, id="deflate"),
    ],
)
@pytest.mark.parametrize("chunked", [False, True], ids=["with length", "chunked"])
def test_body_comes_out_as_it_was_before_compression(encoding, compress, chunked) -> None:
    data = b'{"time":1}\n' * 400_000
    body = body_of(compress(data), encoding=encoding, chunked=chunked)

    pieces = list(body.pieces(LIMIT))

    assert b"".join(pieces) == data
    assert max(map(len, pieces)) <= PIECE_BYTES
    assert body.is_exhausted


def test_gzip_members_follow_one_another() -> None:
    data = gzip.compress(b"first ") + gzip.compress(b"second") + b"\0" * 512

    assert body_of(data, encoding="gzip").whole(LIMIT) == b"first second"


@given(st.binary(max_size=2000), st.integers(0, 3000))
def test_truncated_gzip_is_refused(data: bytes, cut: int) -> None:
    compressed = gzip.compress(data)
    cut = 1 + cut % (len(compressed) - 1)

    with pytest.raises(IllegalArgumentError, match="not a whole"):
        body_of(compressed[:cut], encoding="gzip").whole(LIMIT)


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_what_is_not_compressed_is_refused(encoding: str) -> None:
    with pytest.raises(IllegalArgumentError, match=f"not a whole \\[{encoding}\\]"):
        body_of(b'{"time":1}', encoding=encoding).whole(LIMIT)


def test_padding_alone_is_not_gzip() -> None:
    with pytest.raises(IllegalArgumentError, match="not a whole"):
        body_of(b"\0\0\0\0", encoding="gzip").whole(LIMIT)


def test_unknown_compression_is_refused() -> None:
    with pytest.raises(IllegalArgumentError, match=r"Content-Encoding \[br\] is not supported"):
        body_of(b"x", encoding="br").whole(LIMIT)


def test_announced_length_over_the_limit_is_refused_unread() -> None:
    stream = io.BytesIO(b"x" * 11)
    body = RequestBody(stream, length=11, chunked=False, encoding=None)

    with pytest.raises(ContentTooLargeError):
        body.pieces(10)
    assert stream.tell() == 0
    assert not body.is_exhausted


def test_limit_itself_is_allowed() -> None:
    assert body_of(b"x" * 10, chunked=True).whole(10) == b"x" * 10


def test_chunked_body_is_refused_one_byte_beyond_the_limit() -> None:
    stream = io.BytesIO(b"x" * 1000)
    body = RequestBody(stream, length=None, chunked=True, encoding=None)

    with pytest.raises(ContentTooLargeError, match=r"limit of \[10\] bytes"):
        body.whole(10)
    assert stream.tell() == 11


def test_decompressed_bytes_count_too() -> None:
    bomb = gzip.compress(b"\0" * (LIMIT + 1))
    assert len(bomb) < LIMIT // 100

    seen: list[bytes] = []
    with pytest.raises(ContentTooLargeError):
        seen.extend(body_of(bomb, encoding="gzip").pieces(LIMIT))
    assert sum(map(len, seen)) <= LIMIT


def test_compressed_bytes_count_although_nothing_comes_out() -> None:
    empty_members = gzip.compress(b"") * 100

    with pytest.raises(ContentTooLargeError):
        body_of(empty_members, encoding="gzip", chunked=True).whole(1000)


def test_body_shorter_than_announced_is_refused() -> None:
    body = body_of(b"half", length=8)

    with pytest.raises(BadRequestError, match="broke off"):
        body.whole(LIMIT)
    assert body.is_exhausted


class BrokenStream(io.BytesIO):
    def read(self, size: int | None = -1) -> bytes:
        if self.tell() > 0:
            raise ConnectionResetError
        return super().read(2)


def test_lost_connection_is_a_bad_request() -> None:
    body = RequestBody(BrokenStream(b"abcdef"), length=6, chunked=False, encoding=None)

    with pytest.raises(BadRequestError, match="broke off"):
        body.whole(LIMIT)


def test_drain_takes_what_the_caller_still_sends() -> None:
    body = body_of(b"x" * 100)
    with pytest.raises(ContentTooLargeError):
        body.pieces(10)

    body.drain(1000)

    assert body.is_exhausted


def test_drain_gives_up_on_endless_callers() -> None:
    stream = io.BytesIO(b"x" * 10_000)
    body = RequestBody(stream, length=None, chunked=True, encoding=None)

    body.drain(100)

    assert not body.is_exhausted
    assert stream.tell() == 101


def test_lingering_ends_for_a_caller_that_neither_sends_nor_goes() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs, ours.makefile("rb") as stream:
        body = RequestBody(stream, length=1000, chunked=False, encoding=None)
        theirs.sendall(b"x" * 10)

        linger(body, 1000, ours, seconds=0.01)

        assert body.is_exhausted


@given(st.binary(max_size=300), st.sampled_from(["gzip", "deflate"]))
def test_any_bytes_give_a_body_or_an_error_of_ours(data: bytes, encoding: str) -> None:
    with contextlib.suppress(MlError):
        body_of(data, encoding=encoding).whole(LIMIT)
