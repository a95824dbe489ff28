"""TLS files that do not fit are one sentence, before anything is made; a renewed one is taken."""

import datetime
import ssl
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from likeness.errors import SettingError
from likeness.service.running import renew_certificate, run
from likeness.service.settings import Settings


def write_certificate(folder: Path, *, password: bytes | None = None) -> tuple[Path, Path]:
    """Write a certificate that signs itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    start = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + datetime.timedelta(days=36500))
        .sign(key, hashes.SHA256())
    )
    folder.mkdir(exist_ok=True)
    hidden = (
        serialization.NoEncryption()
        if password is None
        else serialization.BestAvailableEncryption(password)
    )
    (folder / "door.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "door.key").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, hidden)
    )
    return folder / "door.pem", folder / "door.key"


def no_pem(folder: Path) -> tuple[Path, Path]:
    certificate, key = write_certificate(folder)
    certificate.write_text("no certificate")
    return certificate, key


def another_key(folder: Path) -> tuple[Path, Path]:
    return write_certificate(folder)[0], write_certificate(folder / "other")[1]


def with_a_password(folder: Path) -> tuple[Path, Path]:
    return write_certificate(folder, password=b"x")


def not_there(folder: Path) -> tuple[Path, Path]:
    return folder / "door.pem", folder / "door.key"


def a_folder(folder: Path) -> tuple[Path, Path]:
    return folder, write_certificate(folder)[1]


Write = Callable[[Path], tuple[Path, Path]]
WRONG = [no_pem, another_key, with_a_password, not_there, a_folder]


@pytest.mark.parametrize("write", WRONG)
def test_files_that_do_not_fit_are_one_sentence(
    settings: Settings, tmp_path: Path, write: Write
) -> None:
    certificate, key = write(tmp_path / "tls")
    wrong = replace(settings, tls_certificate=certificate, tls_key=key)
    with pytest.raises(SettingError, match="tls_certificate, tls_key: expected PEM files of"):
        run(wrong, say=lambda line: None)
    assert not Path(settings.gallery).exists()


def serial_of(context: ssl.SSLContext) -> str:
    """The serial number of the certificate that a server with this context shows."""
    client, server = ssl.MemoryBIO(), ssl.MemoryBIO()
    trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    asks = trusting.wrap_bio(client, server)
    answers = context.wrap_bio(server, client, server_side=True)
    for _ in range(3):
        for side in (asks, answers):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
    der = asks.getpeercert(binary_form=True)
    assert der is not None
    return f"{x509.load_der_x509_certificate(der).serial_number:x}"


@pytest.mark.parametrize("write", [write_certificate, *WRONG[:3]])
def test_a_renewed_certificate_is_taken_and_a_wrong_one_is_not(
    settings: Settings, tmp_path: Path, write: Write
) -> None:
    certificate, key = write_certificate(tmp_path / "tls")
    ours = replace(settings, tls_certificate=certificate, tls_key=key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    renew_certificate(context, ours)
    before = serial_of(context)
    new_certificate, new_key = write(tmp_path / "new")
    certificate.write_bytes(new_certificate.read_bytes())
    key.write_bytes(new_key.read_bytes())
    renew_certificate(context, ours)
    assert (serial_of(context) != before) is (write is write_certificate)
