"""Bytes of DAP messages, written by hand from the text of the draft."""

import hashlib

import pytest

from netflix_trend.operators.codec import (
    AggregationJobInitReq,
    Extension,
    HpkeCiphertext,
    MessageType,
    PlaintextInputShare,
    Report,
    ReportError,
    ReportMetadata,
    TaskConfiguration,
    VerifyInit,
    VerifyResp,
    checksum,
    decode_responses,
    encode_responses,
    input_share_aad,
    ping_pong,
    read_ping_pong,
)
from netflix_trend.operators.wire import Malformed

ID = bytes(range(16))
METADATA = ReportMetadata(ID, 2967, (Extension(0xFE01, b"\xaa" * 3),))
METADATA_HEX = ID.hex() + "0000000000000b97" + "0007" + "fe01" + "0003" + "aaaaaa"
LEADER = HpkeCiphertext(1, b"\x0e", b"\x01\x02")
HELPER = HpkeCiphertext(7, b"\x0f\x0f", b"\x03")
REPORT = Report(METADATA, b"\xcc" * 4, LEADER, HELPER)
REPORT_HEX = METADATA_HEX + "00000004cccccccc" + "0100010e000000020102" + "0700020f0f0000000103"
INIT = AggregationJobInitReq(b"\xbb" * 32, (VerifyInit(REPORT.for_helper(), b"\x09"),))
INIT_HEX = (
    "00" "00000000" "0024" "0001" "0020" + "bb" * 32 + METADATA_HEX + "00000004cccccccc" "07" "0002" "0f0f"
    "00000001" "03" "00000001" "09"
)  # fmt: skip
RESPONSES = (VerifyResp(ID, b"\x05\x06"), VerifyResp(ID[::-1], error=ReportError.VDAF_VERIFY_ERROR))
RESPONSES_HEX = ID.hex() + "00000000020506" + ID[::-1].hex() + "0206"


def test_task_configuration_matches_the_draft():
    task = TaskConfiguration(b"\x01\x02", b"L", b"HH", 604_800, 30, 4, b"\x00\x00\x00\x10")
    assert task.encode().hex() == (
        "02" "0102" "0001" "4c" "0002" "4848" "0000000000093a80" "000000000000001e" "02" "0000" "00000004"
        "0004" "00000010" "0000"
    )  # fmt: skip


def test_report_matches_the_draft():
    assert REPORT.encode().hex() == REPORT_HEX
    assert Report.decode(bytes.fromhex(REPORT_HEX)) == REPORT


def test_input_share_aad_matches_the_draft():
    aad = input_share_aad(b"\x11" * 32, b"\x22", METADATA, b"\xcc")
    assert aad.hex() == "11" * 32 + "22" + METADATA_HEX + "00000001cc"


def test_plaintext_input_share_matches_the_draft():
    assert PlaintextInputShare(b"\x07").encode().hex() == "00000000000107"
    assert PlaintextInputShare.decode(bytes.fromhex("00000000000107")).payload == b"\x07"


def test_aggregation_job_matches_the_draft():
    assert INIT.encode().hex() == INIT_HEX
    assert AggregationJobInitReq.decode(bytes.fromhex(INIT_HEX)) == INIT
    assert encode_responses(RESPONSES).hex() == RESPONSES_HEX
    assert decode_responses(bytes.fromhex(RESPONSES_HEX)) == RESPONSES


def test_ping_pong_matches_the_draft():
    assert ping_pong(MessageType.INITIALIZE, b"\x01\x02").hex() == "00000000020102"
    assert ping_pong(MessageType.FINISH, b"\x01").hex() == "020000000101"
    assert read_ping_pong(MessageType.FINISH, bytes.fromhex("020000000101")) == b"\x01"
    with pytest.raises(Malformed):
        read_ping_pong(MessageType.INITIALIZE, bytes.fromhex("020000000101"))


def test_report_error_numbers_match_the_draft():
    assert [(error.value, error.name.lower()) for error in ReportError] == [
        (1, "batch_collected"), (2, "report_replayed"), (3, "report_dropped"), (4, "hpke_unknown_config_id"),
        (5, "hpke_decrypt_error"), (6, "vdaf_verify_error"), (7, "task_expired"), (8, "invalid_message"),
        (9, "report_too_early"), (10, "task_not_started"), (11, "outdated_config"),
    ]  # fmt: skip


def test_checksum_is_the_xor_of_hashes():
    one, two = (hashlib.sha256(data).digest() for data in (ID, ID[::-1]))
    assert checksum([]) == bytes(32)
    assert checksum([ID, ID[::-1]]) == bytes(a ^ b for a, b in zip(one, two, strict=True))
    assert checksum([ID, ID]) == bytes(32)


@pytest.mark.parametrize(
    ("decode", "whole"),
    [
        (Report.decode, REPORT_HEX),
        (PlaintextInputShare.decode, "00000000000107"),
        (lambda data: read_ping_pong(MessageType.FINISH, data), "020000000101"),
    ],
)
def test_truncated_and_extended_messages_are_refused(decode, whole):
    data = bytes.fromhex(whole)
    for end in range(len(data)):
        with pytest.raises(Malformed):
            decode(data[:end])
    with pytest.raises(Malformed):
        decode(data + b"\0")


@pytest.mark.parametrize(
    ("decode", "whole", "ends"),
    [(AggregationJobInitReq.decode, INIT_HEX, {43}), (decode_responses, RESPONSES_HEX, {0, 23})],
)
def test_a_truncated_list_is_refused_unless_it_is_a_valid_shorter_list(decode, whole, ends):
    data = bytes.fromhex(whole)
    for end in set(range(len(data))) - ends:
        with pytest.raises(Malformed):
            decode(data[:end])
    with pytest.raises(Malformed):
        decode(data + b"\0")


@pytest.mark.parametrize(
    "extensions",
    ["fe010000fe010000", "fe020000fe010000"],
)
def test_extensions_must_increase(extensions):
    data = ID + bytes(8) + (len(extensions) // 2).to_bytes(2, "big") + bytes.fromhex(extensions)
    with pytest.raises(Malformed):
        Report.decode(data + bytes.fromhex(REPORT_HEX)[len(METADATA_HEX) // 2 :])


@pytest.mark.parametrize(
    ("at", "value"),
    [(0, 1), (4, 1), (8, 2), (6, 0x23)],
    ids=["another key", "a parameter", "an unknown extension", "a length that lies"],
)
def test_an_aggregation_job_of_another_kind_is_refused(at, value):
    data = bytearray.fromhex(INIT_HEX)
    data[at] = value
    with pytest.raises(Malformed):
        AggregationJobInitReq.decode(bytes(data))


@pytest.mark.parametrize("answer", ["01", "03", "0200", "020c", "0000000000"])
def test_an_answer_of_another_kind_is_refused(answer):
    with pytest.raises(Malformed):
        decode_responses(ID + bytes.fromhex(answer))


def test_a_private_extension_is_refused():
    with pytest.raises(Malformed):
        PlaintextInputShare.decode(bytes.fromhex("0004fe0200000000000107"))


def test_secrets_do_not_show_when_they_are_printed():
    assert "secret" not in repr(PlaintextInputShare(b"secret"))
