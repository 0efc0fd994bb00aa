import pytest

from shared.kafka_place import KafkaPlace, KafkaServer, place_trouble, read_place, read_server

TEXT = "kafka+tls://k1.example.org:9093,[2606:4700:4700::1111]:9094/exams.told"


def test_a_place_is_read_as_it_is_written() -> None:
    servers = (KafkaServer("k1.example.org", 9093), KafkaServer("2606:4700:4700::1111", 9094))
    place = KafkaPlace(servers, "exams.told", tls=True)
    assert (str(place), read_place(TEXT)) == (TEXT, place)
    assert read_place(str(KafkaPlace(servers, "a", tls=False))).tls is False


@pytest.mark.parametrize(
    "text",
    [
        "k1.example.org",
        "k1.example.org:0",
        "k1.example.org:65536",
        "k1.example.org:9093/x",
        "user@k1.example.org:9093",
        "SSL://k1.example.org:9093",
        "2606:4700::1:9093",
        "k1.example.org:9093,k2.example.org:9093",
        "k1.example.org:٩٠٩٣",
        "exämple.org:9093",
        " k1.example.org:9093",
        "",
    ],
)
def test_what_is_no_server_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="HOST:PORT"):
        read_server(text)


@pytest.mark.parametrize(
    "text", ["", "https://k1:9093/x", "kafka://k1:9093", "kafka://k1:9093/a/b", "kafka:///x"]
)
def test_what_is_no_place_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"place|HOST:PORT"):
        read_place(text)


@pytest.mark.parametrize(
    ("text", "loopback", "trouble"),
    [
        ("kafka+tls://k1.example.org:9093/x", False, None),
        ("kafka://k1.example.org:9093/x", True, "must use TLS"),
        ("kafka://127.0.0.1:9093/x", True, None),
        ("kafka://127.0.0.1:9093,k1.example.org:9093/x", True, "must use TLS"),
        ("kafka://127.0.0.1:9093/x", False, "leads to this machine"),
        ("kafka+tls://127.0.0.1:9093/x", False, "leads to this machine"),
        ("kafka+tls://k1.example.org:9093,10.0.0.7:9093/x", True, "leads to a private or reserved address"),
        ("kafka+tls://[fd00:ec2::254]:9093/x", True, "leads to a private or reserved address"),
        ("kafka+tls://169.254.169.254:80/x", True, "leads to a private or reserved address"),
    ],
)
def test_a_place_is_checked_before_any_name_is_resolved(
    text: str, loopback: bool, trouble: str | None
) -> None:
    assert place_trouble(read_place(text), loopback=loopback) == trouble
