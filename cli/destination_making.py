"""`proctorctl destinations create` and `destinations rotate-certificate`: destinations of every kind."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.calls import checked
from cli.connection import connect
from cli.destination_options import ClassOption, DestinationName, DetailOption, filter_of, id_of
from cli.render import Format, OutputOption, write_one
from shared.api.destinations import (
    MAX_OVERLAP_HOURS,
    CertificateRequest,
    DestinationRequest,
    GrpcRequest,
    KafkaLogin,
    KafkaRequest,
    WebhookRequest,
)
from shared.deliveries import DestinationKind
from shared.errors import Rejected
from shared.kafka_place import read_place
from shared.secret_file import read_secret


def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A name for people.")],
    kind: Annotated[DestinationKind, typer.Option(help="How it is reached.")],
    url: Annotated[
        str, typer.Option(help="Of a webhook: https://…; of a topic: kafka+tls://HOST:PORT,HOST:PORT/TOPIC.")
    ] = "",
    certificate: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="File, PEM: the certificate of the program that follows, or of the CA of Kafka's brokers.",
        ),
    ] = None,
    login: Annotated[
        Path | None,
        typer.Option(help="File of mode 0600: MECHANISM:USER:PASSWORD of the coordinator at the cluster."),
    ] = None,
    event_class: ClassOption = None,
    detail: DetailOption = None,
    output: OutputOption = Format.TABLE,
) -> None:
    """Create a destination: a webhook, a topic of a Kafka cluster, or a program that follows over gRPC.

    By default everything is told, without pictures and names; `destinations filter` says more about it.

    Examples:

        proctorctl destinations create office --kind webhook --url https://exams.example.org/hooks

        proctorctl destinations create lake --kind kafka --url kafka+tls://k1.example.org:9093/exams

        proctorctl destinations create desk --kind grpc --certificate desk.pem
    """
    wanted = filter_of(None, event_class, None, detail)
    if kind is DestinationKind.WEBHOOK:
        make_webhook(checked(WebhookRequest, name=name, url=url, filter=wanted), output)
        return
    pem = None if certificate is None else certificate.read_text("utf-8", "replace")
    if kind is DestinationKind.KAFKA:
        request = checked(DestinationRequest, name=name, filter=wanted, kafka=kafka_of(url, pem, login))
    else:
        grpc = checked(GrpcRequest, certificate=pem or "")
        request = checked(DestinationRequest, name=name, filter=wanted, grpc=grpc)
    with connect() as client:
        made = client.deliveries.create(request)
    write_one(made.model_dump(mode="json"), output)


def rotate_certificate(
    destination: DestinationName,
    certificate: Annotated[
        Path, typer.Argument(metavar="FILE", help="The new certificate, PEM.", exists=True, dir_okay=False)
    ],
    overlap_hours: Annotated[
        int,
        typer.Option(min=0, max=MAX_OVERLAP_HOURS, help="How long the former one is accepted as well."),
    ] = 24,
    output: OutputOption = Format.TABLE,
) -> None:
    """Accept a new certificate of a program that follows over gRPC.

    Example:

        proctorctl destinations rotate-certificate desk desk-2027.pem
    """
    pem = certificate.read_text("utf-8", "replace")
    request = checked(CertificateRequest, certificate=pem, overlap_hours=overlap_hours)
    with connect() as client:
        found = client.deliveries.rotate_certificate(id_of(client, destination), request)
    write_one(found.model_dump(mode="json"), output)


def make_webhook(request: WebhookRequest, output: Format) -> None:
    """Create a webhook and show it with its secret."""
    with connect() as client:
        made = client.deliveries.create_webhook(request).model_dump(mode="json")
    write_one({**made["destination"], "secret": made["secret"]}, output)


def kafka_of(url: str, ca: str | None, login: Path | None) -> KafkaRequest:
    """A topic from its URL and files. Raises `Rejected` or `ConfigError`."""
    try:
        place = read_place(url)
    except ValueError as error:
        raise Rejected(f"--url {error}", code="invalid-request", status=422) from error
    return checked(
        KafkaRequest,
        servers=[str(one) for one in place.servers],
        topic=place.topic,
        tls=place.tls,
        ca=ca,
        login=None if login is None else login_of(read_secret(login)),
    )


def login_of(text: str) -> KafkaLogin:
    """A user from `MECHANISM:USER:PASSWORD`."""
    mechanism, _, user = text.partition(":")
    username, _, password = user.partition(":")
    return checked(KafkaLogin, mechanism=mechanism, username=username, password=password)
