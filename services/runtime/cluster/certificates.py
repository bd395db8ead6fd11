"""Certificates for the processes of a cluster: all are made at once, by an authority whose key is never stored.

Each process has a folder of its own with `ca.pem`, `certificate.pem` and `key.pem`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from netflix_trend.storage.files import write_atomically

CA, CERTIFICATE, KEY = "ca.pem", "certificate.pem", "key.pem"
# A cluster is one deployment on a network of its own; whoever could wait for an old key could take a new one.
_VALID = timedelta(days=3650)
_RENEWED = timedelta(days=365)
_LARGEST = 100_000


def ensure_certificates(folders: Sequence[Path], now: datetime | None = None) -> bool:
    """Make new certificates for all folders, unless there are fitting ones for at least another year.

    folders: one for each process; its name becomes the certificate's. now: with a time zone; only tests pass it.
    Returns whether new ones were made: then processes that run have to be started again.
    """
    now = now or datetime.now(UTC)
    if _fit(folders, now):
        return False
    ca_key, ca_name = ec.generate_private_key(ec.SECP256R1()), _name("netflix-trend cluster")
    ca = _signed(ca_name, ca_key, ca_name, ca_key, now, is_ca=True)
    for folder in folders:
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = _signed(_name(folder.name), key, ca_name, ca_key, now)
        # The key first: a folder that is complete has what belongs together, and any other is made anew.
        for name, data in (
            (KEY, _private(key)),
            (CERTIFICATE, certificate.public_bytes(serialization.Encoding.PEM)),
            (CA, ca.public_bytes(serialization.Encoding.PEM)),
        ):
            write_atomically(folder / name, data, mode=0o600)
    return True


def _fit(folders: Sequence[Path], now: datetime) -> bool:
    """Return whether all folders have certificates of one authority, with their keys, that are valid for long."""
    authorities = set()
    for folder in folders:
        try:
            files = [(folder / name).read_bytes()[:_LARGEST] for name in (CA, CERTIFICATE, KEY)]
            ca, certificate = (x509.load_pem_x509_certificate(data) for data in files[:2])
            key = serialization.load_pem_private_key(files[2], None)
            certificate.verify_directly_issued_by(ca)
        except (OSError, ValueError, TypeError, InvalidSignature):
            return False
        if certificate.public_key() != key.public_key() or certificate.not_valid_after_utc < now + _RENEWED:
            return False
        if certificate.subject != _name(folder.name) or certificate.not_valid_before_utc > now:
            return False
        authorities.add(files[0])
    return len(authorities) == 1


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _private(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _signed(
    subject: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    issuer: x509.Name,
    issuer_key: ec.EllipticCurvePrivateKey,
    now: datetime,
    *,
    is_ca: bool = False,
) -> x509.Certificate:
    """Return a certificate as strict readers want it (RFC 5280)."""
    usage = dict.fromkeys(("content_commitment", "key_encipherment", "data_encipherment", "key_agreement"), False)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + _VALID)
        .add_extension(x509.BasicConstraints(ca=is_ca, path_length=0 if is_ca else None), critical=True)
        .add_extension(
            x509.KeyUsage(
                digital_signature=not is_ca,
                key_cert_sign=is_ca,
                crl_sign=is_ca,
                encipher_only=False,
                decipher_only=False,
                **usage,
            ),
            critical=True,
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
    )
    if not is_ca:
        # Every process listens, and calls others.
        both = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])
        builder = builder.add_extension(both, critical=False)
    return builder.sign(issuer_key, hashes.SHA256())
