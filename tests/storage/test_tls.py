"""Which chains lead to a fingerprint."""

from __future__ import annotations

import hashlib
import ssl

import pytest
import trustme

from sidecar.storage.tls import check_fingerprint


def der(pem: trustme.Blob) -> bytes:
    return ssl.PEM_cert_to_DER_cert(pem.bytes().decode())


def named() -> trustme.CA:
    """A CA; all of them have one name and differ in their keys."""
    return trustme.CA(organization_name="o", organization_unit_name="u")


ROOT, NAMESAKE = named(), named()
MIDDLE = ROOT.create_child_ca()
LEAF = der(ROOT.issue_cert("a").cert_chain_pems[0])
DEEP = der(MIDDLE.issue_cert("a").cert_chain_pems[0])
FORGED = der(NAMESAKE.issue_cert("a").cert_chain_pems[0])
ROOT_DER, MIDDLE_DER, NAMESAKE_DER = (
    der(ROOT.cert_pem),
    der(MIDDLE.cert_pem),
    der(NAMESAKE.cert_pem),
)


@pytest.mark.parametrize(
    ("chain", "pinned"),
    [
        pytest.param([LEAF], LEAF, id="itself"),
        pytest.param([LEAF, ROOT_DER], ROOT_DER, id="its CA"),
        pytest.param([DEEP, MIDDLE_DER, ROOT_DER], ROOT_DER, id="the CA of its CA"),
        pytest.param([DEEP, ROOT_DER, MIDDLE_DER], ROOT_DER, id="in any order"),
        pytest.param([DEEP, MIDDLE_DER], MIDDLE_DER, id="a CA between"),
    ],
)
def test_signatures_that_lead_there_are_followed(chain: list[bytes], pinned: bytes) -> None:
    check_fingerprint(chain, hashlib.sha256(pinned).hexdigest())


@pytest.mark.parametrize(
    ("chain", "pinned"),
    [
        pytest.param([FORGED, ROOT_DER], ROOT_DER, id="a CA of the same name, sent along"),
        pytest.param([FORGED, NAMESAKE_DER, ROOT_DER], ROOT_DER, id="behind the right chain"),
        pytest.param([FORGED, LEAF], LEAF, id="a certificate that is no CA, sent along"),
        pytest.param([DEEP, ROOT_DER], ROOT_DER, id="a gap"),
        pytest.param([LEAF], ROOT_DER, id="not sent"),
    ],
)
def test_a_copy_of_the_pinned_certificate_proves_nothing(chain: list[bytes], pinned: bytes) -> None:
    with pytest.raises(ssl.SSLError, match="was not issued under it"):
        check_fingerprint(chain, hashlib.sha256(pinned).hexdigest())
