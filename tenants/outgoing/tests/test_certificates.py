"""Nothing is sent to a host whose certificate is not its own or that nobody vouches for."""

import ssl
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.utils import timezone
from pytest_django import Settings

from tenants.outgoing.addresses import Unreachable
from tenants.outgoing.client import post
from tenants.outgoing.tests.receiver import Receiver, receiving


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for localhost that vouches for itself, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")]), timezone.now()
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now,
                                   now + timedelta(days=1))  # fmt: skip
    made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
    written = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = tmp_path / "host.pem"
    path.write_bytes(written + made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture
def receiver(certificate: Path, settings: Settings) -> Iterator[Receiver]:
    with receiving(certificate=certificate) as one:
        settings.OUTGOING_HOSTS_ALLOWED = [f"localhost:{one.port}", one.place]
        yield one


def test_a_certificate_that_somebody_trusted_vouches_for_is_taken(
    receiver: Receiver, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ssl.get_default_verify_paths().openssl_cafile_env, str(certificate))
    assert post(f"https://localhost:{receiver.port}/in", b"body", {}).status == 204
    assert receiver.got == [("", b"body")]


def test_a_certificate_that_nobody_vouches_for_is_refused(receiver: Receiver) -> None:
    with pytest.raises(Unreachable, match="not one to trust"):
        post(f"https://localhost:{receiver.port}/in", b"body", {})
    assert receiver.got == []


def test_a_certificate_of_another_host_is_refused(
    receiver: Receiver, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ssl.get_default_verify_paths().openssl_cafile_env, str(certificate))
    with pytest.raises(Unreachable, match="not one to trust"):
        post(f"https://{receiver.place}/in", b"body", {})
    assert receiver.got == []
