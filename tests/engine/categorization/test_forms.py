"""Forms of messages: what is a token, what is masked."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.engine.categorization import form_kernels
from sidecar.engine.categorization.form_kernels import hash_forms, write_form
from tests.engine.categorization.naive_forms import naive_tokens

_PIECES = (
    "http:// https :// C:\\ :/ / // \\ ?a=1 - _ . ... @ : ~ %20 + = , < > é ü1 user node12 a Z9 "
    "0x1f deadbeef add a1b2 12ab x2y3 7 cafe- -beef 1a2b-face 12: fe:ed k8s ec2 1.5 _1 b_"
)
_pieces = st.one_of(
    st.sampled_from([*_PIECES.split(), " ", "\n", '"', "\x00", "\r"]), st.text(max_size=3)
)
_messages = st.lists(_pieces, max_size=12).map(lambda pieces: "".join(pieces).encode())


def tokens_of(message: bytes, mode: int, *, first_line: bool = False) -> list[bytes]:
    data = np.frombuffer(bytearray(b"xy" + message + b"z"), np.uint8)
    out = np.full(len(message) + 2, 7, np.uint8)
    length = write_form(data, 2, 2 + len(message), mode, first_line, out)
    assert length <= len(out)
    return out[:length].tobytes().split(b"\0")[:-1]


@pytest.mark.parametrize(
    ("message", "tokens"),
    [
        ("Connection to host refused", "Connection to host refused"),
        ("2024-01-01T10:00:00.123Z INFO [main] ok", "INFO main ok"),
        ("took 12ms, 3rd try of 0x1F", "took try of"),
        ("node12 utf8 log4j", "node# utf# log#j"),
        ("id=123e4567-e89b-12d3-a456-426614174000 next", "id next"),
        ("id=a23e4567-e89b-dead-a456-426614174000 next", "id next"),
        ("digest 9f86d081884c7d65 of deadbeef face", "digest of deadbeef face"),
        ("from 10.0.0.1:8080 to ip-10-0-0-1.ec2", "from to ip-#-#-#-#.ec#"),
        ("blk_-1608999687 and blk_77", "blk_-# and blk_#"),
        ("sshd[42]: Failed for bob@example.com.", "sshd Failed for bob@example.com"),
        ("wrote /var/log/app-12.log.", "wrote /var/log/app-#.log"),
        ("at C:\\dir\\file.txt (x)", "at C:\\dir\\file.txt x"),
        ("GET https://a.b:80/v1/7?q=x&y=1 HTTP/1.1", "GET https://a.b:#/v#/# HTTP"),
        ("read/write and/or", "read write and or"),
        ("org.acme.Main$Inner: oops...", "org.acme.Main Inner oops"),
        ("größe überschritten", "größe überschritten"),
        ("12 34 - 5", ""),
        ("", ""),
    ],
)
def test_tokens_are_words_without_what_varies(message: str, tokens: str) -> None:
    found = tokens_of(message.encode(), form_kernels.STANDARD_TOKENS)
    assert [token.decode() for token in found] == tokens.split()


@pytest.mark.parametrize(
    ("message", "tokens"),
    [
        ("wrote /var/log/app-12.log", "wrote var log app-#.log"),
        ("GET https://a.b:80/v1/7?q=x", "GET https a.b v# q x"),
    ],
)
def test_the_classic_tokenizer_cuts_paths(message: str, tokens: str) -> None:
    found = tokens_of(message.encode(), form_kernels.CLASSIC_TOKENS)
    assert [token.decode() for token in found] == tokens.split()


@pytest.mark.parametrize(
    ("message", "tokens"),
    [
        ("first\nsecond", "first"),
        ("\n  12 --\n third one\nmore", "third one"),
        ("1\n2", ""),
        ("only", "only"),
    ],
)
def test_only_the_first_line_with_letters_counts(message: str, tokens: str) -> None:
    found = tokens_of(message.encode(), form_kernels.STANDARD_TOKENS, first_line=True)
    assert [token.decode() for token in found] == tokens.split()


@given(_messages, st.booleans(), st.booleans())
def test_kernel_does_what_the_slow_version_does(
    message: bytes, keep_paths: bool, first_line: bool
) -> None:
    mode = form_kernels.STANDARD_TOKENS if keep_paths else form_kernels.CLASSIC_TOKENS
    assert tokens_of(message, mode, first_line=first_line) == naive_tokens(
        message, keep_paths=keep_paths, first_line=first_line
    )


@given(st.lists(_messages, min_size=2, max_size=4))
def test_hashes_are_equal_when_the_tokens_are(messages: list[bytes]) -> None:
    mode = form_kernels.STANDARD_TOKENS
    end = np.cumsum(np.array([len(message) for message in messages], np.int64))
    start = np.concatenate((end[:1] * 0, end[:-1]))
    data = np.frombuffer(bytearray(b"".join(messages)), np.uint8)
    hashes = np.empty(len(messages), np.uint64)
    scratch = np.empty(max(len(message) for message in messages) + 2, np.uint8)
    hash_forms(data, start, end, mode, False, scratch, hashes)
    for message, value in zip(messages, hashes.tolist(), strict=True):
        same = tokens_of(message, mode) == tokens_of(messages[0], mode)
        assert (value == hashes[0]) == same
