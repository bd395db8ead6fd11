import pytest

from netflix_trend.operators import sealing
from netflix_trend.operators.codec import HpkeCiphertext, Role
from netflix_trend.operators.sealing import (
    CannotOpen,
    RoundKey,
    Sealer,
    open_secret,
    open_share,
    seal_secret,
    seal_share,
    share_info,
    verify_key,
)
from tests.mutations import flipped

KEY = RoundKey.generate()
INFO = share_info(Role.LEADER, b"m" * 32, b"d" * 32)


def test_info_is_bound_to_roles_round_and_datasite():
    assert INFO == b"dap-18 input share\x01\x02" + b"m" * 32 + b"d" * 32


def test_a_secret_opens_with_its_key_and_info_alone():
    secret, sealed = seal_secret(Sealer(KEY.public), INFO)
    opener = RoundKey(KEY.private).opener()
    assert open_secret(opener, INFO, sealed) == secret
    for wrong in (
        lambda: open_secret(RoundKey.generate().opener(), INFO, sealed),
        lambda: open_secret(opener, INFO + b"x", sealed),
        lambda: open_secret(opener, share_info(Role.HELPER, b"m" * 32, b"d" * 32), sealed),
        lambda: open_secret(opener, INFO, HpkeCiphertext(2, sealed.enc, sealed.payload)),
        lambda: open_secret(opener, INFO, HpkeCiphertext(1, sealed.enc + sealed.payload[:1], sealed.payload[1:])),
        lambda: open_secret(opener, INFO, HpkeCiphertext(1, sealed.enc, flipped(sealed.payload, -1))),
        lambda: opener.open(b"", INFO),
        lambda: opener.open(b"x" * 2000, INFO),
    ):
        with pytest.raises(CannotOpen):
            wrong()


def test_a_secret_of_another_length_is_refused():
    sealed = Sealer(KEY.public).seal(b"x" * 31, INFO)
    with pytest.raises(CannotOpen):
        open_secret(KEY.opener(), INFO, HpkeCiphertext(1, sealed[:1120], sealed[1120:]))


def test_a_share_opens_with_its_secret_role_and_aad_alone():
    sealed = seal_share(b"s" * 32, Role.LEADER, b"aad", b"plaintext")
    assert open_share(b"s" * 32, Role.LEADER, b"aad", sealed) == b"plaintext"
    assert b"plaintext" not in sealed.encode()
    for secret, role, aad, config, enc in (
        (b"t" * 32, Role.LEADER, b"aad", 1, b"\0"),
        (b"s" * 32, Role.HELPER, b"aad", 1, b"\0"),
        (b"s" * 32, Role.LEADER, b"aae", 1, b"\0"),
        (b"s" * 32, Role.LEADER, b"aad", 2, b"\0"),
        (b"s" * 32, Role.LEADER, b"aad", 1, b"\1"),
    ):
        with pytest.raises(CannotOpen):
            open_share(secret, role, aad, HpkeCiphertext(config, enc, sealed.payload))
    with pytest.raises(CannotOpen):
        open_share(b"s" * 32, Role.LEADER, b"aad", HpkeCiphertext(1, b"\0", b"short"))


def test_two_blocks_never_share_a_key():
    one, two = (seal_share(b"s" * 32, Role.LEADER, aad, b"same") for aad in (b"task 1", b"task 2"))
    assert one.payload[:4] != two.payload[:4]


def test_the_suite_is_hybrid():
    assert len(Sealer(KEY.public).seal(b"", INFO)) == sealing.ENC_SIZE + sealing.TAG_SIZE == 1136
    assert len(KEY.public) == 1184 + 32 and len(KEY.private) == 64 + 32


@pytest.mark.parametrize(
    "wrong",
    [b"", b"\0" * 1215, b"\xff" * 1216, b"\0" * 1217, b"\0" * 1216, KEY.public[:1184] + bytes(32)],
    ids=["empty", "short", "not reduced", "long", "zeros", "a curve point of low order"],
)
def test_an_invalid_public_key_is_refused(wrong):
    with pytest.raises(CannotOpen):
        Sealer(wrong)


@pytest.mark.parametrize("at", [0, 1088])
@pytest.mark.parametrize("junk", [b"\0" * 32, b"\1" + b"\0" * 31, b"\xff" * 32])
def test_a_hostile_encapsulation_is_only_refused(at, junk):
    sealed = Sealer(KEY.public).seal(b"x" * 32, INFO)
    with pytest.raises(CannotOpen):
        KEY.opener().open(sealed[:at] + junk + sealed[at + 32 :], INFO)


def test_private_keys_do_not_show_when_they_are_printed():
    assert KEY.private.hex()[:16] not in repr(KEY) and repr(KEY) == "RoundKey(...)"


def test_verify_keys_differ_between_tasks():
    # HKDF-SHA256 by hand (RFC 5869): extract with the salt, then one block of expand.
    import hashlib
    import hmac

    extracted = hmac.new(b"verify_key", b"s" * 32, hashlib.sha256).digest()
    assert verify_key(b"s" * 32, b"t" * 32) == hmac.new(extracted, b"t" * 32 + b"\x01", hashlib.sha256).digest()
    assert verify_key(b"s" * 32, b"t" * 32) != verify_key(b"s" * 32, b"u" * 32)
