import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from netflix_trend.operators.identity import Fingerprint, Identity, WrongSigner, signed_body
from tests.mutations import flipped

PATH = "app_data/netflix_trend/rounds/2026-W46/collect-early.bin"
JSON_PATH = PATH.replace("collect-early.bin", "manifest.json")


def identity(seed=1):
    return Identity(Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32))


def test_the_signature_is_over_path_and_hash():
    me = identity()
    data = me.sign(PATH, b"body")
    key = Ed25519PublicKey.from_public_bytes(data[:32])
    key.verify(data[32:96], b"nt-file\0" + PATH.encode() + hashlib.sha256(b"body").digest())
    assert data[96:] == b"body"


def test_a_signed_json_file_is_json():
    import json

    data = identity().sign(JSON_PATH, b'{"round":"2026-W46"}')
    assert json.loads(data)["body"] == {"round": "2026-W46"}
    assert signed_body(identity().fingerprint, JSON_PATH, data) == b'{"round":"2026-W46"}'


@pytest.mark.parametrize("path", [PATH, JSON_PATH])
def test_every_changed_byte_is_noticed(path):
    me = identity()
    data = me.sign(path, b'{"a":1}')
    for at in range(len(data)):
        for flip in (1, 0x20, 0x80):
            with pytest.raises(WrongSigner):
                signed_body(me.fingerprint, path, flipped(data, at, flip))
    for end in range(len(data)):
        with pytest.raises(WrongSigner):
            signed_body(me.fingerprint, path, data[:end])
    for more in (data + b"\n", b" " + data):
        with pytest.raises(WrongSigner):
            signed_body(me.fingerprint, path, more)


def test_a_file_at_another_path_is_not_signed():
    me = identity()
    data = me.sign(PATH, b"body")
    with pytest.raises(WrongSigner) as refusal:
        signed_body(me.fingerprint, PATH.replace("W46", "W47"), data)
    assert refusal.value.reason == "signature"


def test_another_key_is_named_in_words():
    me, other = identity(), identity(2)
    with pytest.raises(WrongSigner) as refusal:
        signed_body(me.fingerprint, PATH, other.sign(PATH, b"body"))
    assert refusal.value.reason == "another_key"
    assert me.fingerprint.words in str(refusal.value) and other.fingerprint.words in str(refusal.value)


def test_words_are_proquints():
    # Examples of arXiv:0901.4016: 127.0.0.1 is lusab-babad, 63.84.220.193 is gutih-tugad.
    digest = bytes([127, 0, 0, 1, 63, 84, 220, 193]) + bytes(24)
    assert Fingerprint(digest).words.startswith("lusab-babad-gutih-tugad-babab")
    assert len(Fingerprint(digest).words.split("-")) == 8


def test_a_fingerprint_is_read_from_settings():
    mine = identity().fingerprint
    assert Fingerprint.parse(f" {mine.hex.upper()}\n") == mine
    for wrong in ("", "lusab-babad", mine.hex[:-1], mine.hex + "00"):
        with pytest.raises(ValueError, match="64 hexadecimal digits"):
            Fingerprint.parse(wrong)


def test_a_key_file_is_made_once_and_nobody_else_reads_it(tmp_path):
    path = tmp_path / "private" / "identity.key"
    first = Identity.load_or_create(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert Identity.load_or_create(path).fingerprint == first.fingerprint


@pytest.mark.parametrize("damage", ["short", "link", "folder"])
def test_a_damaged_key_is_never_replaced(tmp_path, damage):
    path = tmp_path / "identity.key"
    if damage == "short":
        path.write_bytes(b"x" * 31)
    elif damage == "link":
        path.symlink_to(tmp_path / "elsewhere")
    else:
        path.mkdir()
    with pytest.raises(ValueError, match="restore it from a backup"):
        Identity.load_or_create(path)
