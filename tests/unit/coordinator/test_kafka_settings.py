import pytest

from coordinator.deliveries.kafka_settings import access_text, outcome_of_error, settings_of
from coordinator.deliveries.outcomes import Ending, Outcome
from shared.api.destinations import KafkaLogin, KafkaMechanism, KafkaRequest
from shared.kafka_place import read_place

PLACE = read_place("kafka+tls://k1.example.org:9093,k2.example.org:9093/exams")
LOGIN = KafkaLogin(mechanism=KafkaMechanism.SCRAM_SHA_256, username="proctor", password="secret")


def asked(login: KafkaLogin | None, ca: str | None = None) -> KafkaRequest:
    return KafkaRequest(servers=("k1.example.org:9093",), topic="exams", login=login, ca=ca)


def test_records_are_written_once_and_in_order_by_a_producer_that_checks_the_broker() -> None:
    settings = settings_of(PLACE, access_text(asked(LOGIN, "PEM")), 10.0)
    wanted = {
        "bootstrap.servers": "k1.example.org:9093,k2.example.org:9093",
        "enable.idempotence": True,
        "enable.sparse.connections": True,
        "message.timeout.ms": 10_000,
        "sasl.mechanisms": "SCRAM-SHA-256",
        "sasl.password": "secret",
        "sasl.username": "proctor",
        "security.protocol": "SASL_SSL",
        "ssl.ca.pem": "PEM",
    }
    assert {name: settings[name] for name in wanted} == wanted
    assert not any("verification" in name or "identification" in name for name in settings)


@pytest.mark.parametrize(
    ("url", "login", "protocol"),
    [
        ("kafka+tls://k1.example.org:9093/x", None, "SSL"),
        ("kafka://127.0.0.1:9092/x", None, "PLAINTEXT"),
        ("kafka://127.0.0.1:9092/x", LOGIN, "SASL_PLAINTEXT"),
    ],
)
def test_the_protocol_is_what_the_place_and_the_login_say(
    url: str, login: KafkaLogin | None, protocol: str
) -> None:
    settings = settings_of(read_place(url), access_text(asked(login)), 10.0)
    assert settings["security.protocol"] == protocol
    assert ("sasl.username" in settings) is (login is not None)
    assert "ssl.ca.pem" not in settings


@pytest.mark.parametrize(
    ("name", "ending", "reason"),
    [
        ("_MSG_TIMED_OUT", Ending.TROUBLE, "timed-out"),
        ("_TRANSPORT", Ending.TROUBLE, "unreachable"),
        ("_SSL", Ending.TROUBLE, "tls-failed"),
        ("_AUTHENTICATION", Ending.TROUBLE, "kafka-authentication"),
        ("TOPIC_AUTHORIZATION_FAILED", Ending.TROUBLE, "kafka-topic-authorization-failed"),
        ("NOT_ENOUGH_REPLICAS", Ending.TROUBLE, "kafka-not-enough-replicas"),
        ("MSG_SIZE_TOO_LARGE", Ending.REFUSED, "kafka-msg-size-too-large"),
        ("INVALID_RECORD", Ending.REFUSED, "kafka-invalid-record"),
        ("X" * 90, Ending.TROUBLE, f"kafka-{'x' * 34}"),
    ],
)
def test_an_error_refuses_the_record_or_says_that_the_cluster_does_not_work(
    name: str, ending: Ending, reason: str
) -> None:
    assert outcome_of_error(name) == Outcome(ending, reason)
