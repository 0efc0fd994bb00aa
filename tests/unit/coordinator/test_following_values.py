from pathlib import Path
from uuid import UUID

import pytest
from grpc_tools import protoc

from coordinator.following.cursors import FollowCursor, read_follow_cursor
from coordinator.following.framing import CallFailed, Status, framed, head, message_of, trailers

PROTO = "coordinator/following/deliveries.proto"
HOME = UUID("0193a5f0-5a00-7c4e-9b6e-3f1d2c4b5a69")


def test_the_generated_messages_are_those_of_their_description(tmp_path: Path) -> None:
    assert protoc.main(["protoc", "-I.", f"--python_out={tmp_path}", f"--pyi_out={tmp_path}", PROTO]) == 0
    made = {path.name: path.read_text() for path in (tmp_path / PROTO).parent.iterdir()}
    there = {name: (Path(PROTO).parent / name).read_text() for name in made}
    assert (set(made), there) == ({"deliveries_pb2.py", "deliveries_pb2.pyi"}, made), "run `make proto`"


def test_a_cursor_is_read_as_it_is_written() -> None:
    cursor = FollowCursor(HOME, 4711)
    assert read_follow_cursor(str(cursor)) == cursor


@pytest.mark.parametrize(
    "text",
    ["", "x", f"{HOME}", f"{HOME}.", f"{HOME}.-1", f"{HOME}.1.2", f"{HOME}.٣", f"{HOME}.{'9' * 19}", "x.1"],
)
def test_what_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"cursor|UUID"):
        read_follow_cursor(text)


def test_a_message_has_its_length_before_it() -> None:
    assert framed(b"abc") == b"\0\0\0\0\3abc"
    assert message_of(framed(b"abc")) == b"abc"
    assert message_of(framed(b"")) == b""


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"", Status.INVALID_ARGUMENT),
        (b"\0\0\0", Status.INVALID_ARGUMENT),
        (b"\0\0\0\0\4abc", Status.INVALID_ARGUMENT),
        (b"\0\0\0\0\2abc", Status.INVALID_ARGUMENT),
        (b"\0\xff\xff\xff\xffabc", Status.INVALID_ARGUMENT),
        (b"\1\0\0\0\3abc", Status.UNIMPLEMENTED),
    ],
)
def test_what_is_not_one_message_is_refused(data: bytes, status: Status) -> None:
    with pytest.raises(CallFailed) as failed:
        message_of(data)
    assert failed.value.status is status


def test_a_call_ends_with_its_status_and_why() -> None:
    assert trailers(Status.OK) == [("grpc-status", "0")]
    assert trailers(Status.ABORTED, "a later call: 50 %") == [
        ("grpc-status", "10"),
        ("grpc-message", "a later call%3A 50 %25"),
    ]
    assert head() == [(":status", "200"), ("content-type", "application/grpc")]
