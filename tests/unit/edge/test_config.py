from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.config import EdgeConfig
from shared.config_file import load
from shared.errors import ConfigError
from shared.sealing import signing_public_text

KEY = signing_public_text(Ed25519PrivateKey.generate().public_key())
MINIMAL = f"""
region = "eu-west"
data_folder = "data"
[coordinator]
public_key = "{KEY}"
[nats]
url = "nats://127.0.0.1:4222"
user = "node"
password_file = "password"
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "edge.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_minimal_file_gets_the_defaults_and_paths_beside_itself(tmp_path: Path) -> None:
    config = load(written(tmp_path, MINIMAL), EdgeConfig)
    assert config.analysis.level_number == 1
    assert config.outbox.max_alerts >= 100_000
    assert config.media.ice_servers == ()
    assert config.workers.count == 0
    assert config.data_folder == tmp_path / "data"
    assert config.nats.password_file == tmp_path / "password"


def test_nobody_is_believed_and_this_host_not_tried_unless_a_setting_says_so(tmp_path: Path) -> None:
    config = load(written(tmp_path, MINIMAL), EdgeConfig)
    assert config.web.connections.trusted_proxies == ()
    assert (config.status.host, config.status.port) == ("127.0.0.1", 8091)
    assert (config.media.private_candidates, config.media.loopback_candidates) == (True, False)
    text = "[web.connections]\ntrusted_proxies = ['10.0.0.7', '10.1.0.0/16', 'fd00::/8']\n"
    proxies = load(written(tmp_path, MINIMAL + text), EdgeConfig).web.connections.trusted_proxies
    assert proxies == ("10.0.0.7/32", "10.1.0.0/16", "fd00::/8")


def test_addresses_for_pages_are_built_on_the_public_url(tmp_path: Path) -> None:
    text = MINIMAL + '[web]\npublic_url = "https://edge.example.org"\n'
    text += '[web.tls]\nkey_file = "web.key"\ncertificate_file = "web.pem"\n'
    config = load(written(tmp_path, text), EdgeConfig)
    assert config.web.tls is not None
    assert config.web.tls.key_file == tmp_path / "web.key"
    assert config.signaling_url("S") == "wss://edge.example.org/signal/S"
    assert config.whip_url("S") == "https://edge.example.org/whip/S"


JOINED = MINIMAL.partition("user")[0]


def test_a_node_that_has_joined_needs_no_password_but_where_it_renews(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"coordinator\.url is needed"):
        load(written(tmp_path, JOINED), EdgeConfig)
    with_url = JOINED.replace("[nats]", 'url = "https://proctor.example.org"\n[nats]')
    config = load(written(tmp_path, with_url), EdgeConfig)
    assert (config.nats.user, config.nats.password_file) == (None, None)
    for half in ('user = "node"\n', 'password_file = "password"\n'):
        with pytest.raises(ConfigError, match="both user and password_file, or neither"):
            load(written(tmp_path, with_url + half), EdgeConfig)


@pytest.mark.parametrize(
    ("extra", "named"),
    [
        ("[analysis]\nthreads = 0\n", "analysis.threads"),
        ("[workers]\ncount = -1\n", "workers.count"),
        ("[workers]\ncount = 65\n", "workers.count"),
        ("[analysis]\nlevel = 'L9'\n", "analysis.level"),
        ("[analysis]\nrating = 501\n", "analysis.rating"),
        ("[analysis]\nspeed = 1\n", "analysis.speed"),
        ("[outbox]\nmax_alerts = 99999\n", "outbox.max_alerts"),
        ("[outbox]\nbacklog_jitter_s = 181\n", "outbox.backlog_jitter_s"),
        ("[outbox]\nmax_alerts = 10000000\n", "outbox.max_bytes"),
        ("[web]\nport = 0\n", "web.port"),
        ("[web]\npublic_url = 'http://host/path'\n", "web.public_url"),
        ("[web]\nallowed_origins = ['*']\n", "web.allowed_origins"),
        ("[[media.ice_servers]]\nurls = ['http://x']\n", "media.ice_servers.0.urls"),
        ("[media]\nfirst_port = 40000\n", "media: "),
        ("[media]\nfirst_port = 80\nlast_port = 40000\n", "media: "),
        ("[media]\nfirst_port = 40000\nlast_port = 40030\n", "4 ports for each session"),
        ("[web.tls]\nkey_file = 'web.key'\n", "web.tls.certificate_file"),
        ("[web.tls]\nkey_file = 'web.key'\ncertificate_file = 'web.pem'\n", "must begin with https://"),
        ("[web.connections]\nin_all = 99\n", "web.connections.in_all"),
        ("[web.connections]\nper_address = 100001\n", "web.connections.per_address"),
        ("[web.connections]\ntrusted_proxies = ['proxy.example.org']\n", "web.connections.trusted_proxies"),
        ("[web.connections]\ntrusted_proxies = ['10.0.0.1/24']\n", "web.connections.trusted_proxies"),
        ("[status]\nport = 0\n", "status.port"),
        ("[status]\nport = 8090\n", "status.port must differ from web.port"),
        ("[media]\nloopback_candidates = 'lo'\n", "media.loopback_candidates"),
        ("[media]\nprivate = true\n", "media.private"),
        ("[extra]\n", "extra"),
    ],
)
def test_a_wrong_value_is_refused_by_name(tmp_path: Path, extra: str, named: str) -> None:
    with pytest.raises(ConfigError, match=named.replace(".", r"\.")):
        load(written(tmp_path, MINIMAL + extra), EdgeConfig)


@pytest.mark.parametrize(
    "key",
    ["", "ed25519:AAAA", "x25519:" + KEY.removeprefix("ed25519:")],
    ids=["empty", "short", "for sealing"],
)
def test_the_coordinators_key_must_be_one(tmp_path: Path, key: str) -> None:
    with pytest.raises(ConfigError, match="coordinator"):
        load(written(tmp_path, MINIMAL.replace(KEY, key)), EdgeConfig)


def test_a_url_with_a_password_inside_is_refused_and_not_repeated(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refusal:
        load(written(tmp_path, MINIMAL.replace("nats://", "nats://me:secret@")), EdgeConfig)
    assert "secret" not in str(refusal.value)


def test_a_hub_on_another_machine_needs_tls(tmp_path: Path) -> None:
    away = MINIMAL.replace("nats://127.0.0.1", "nats://10.0.0.5")
    with pytest.raises(ConfigError, match=r"nats\.url: .*must be reached by tls://"):
        load(written(tmp_path, away), EdgeConfig)
    private = load(written(tmp_path, away.replace("nats://", "tls://")), EdgeConfig)
    assert private.nats.url == "tls://10.0.0.5:4222"


@pytest.mark.parametrize("text", ["region = ", "\x00", "[nats"])
def test_what_is_not_toml_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError, match=r"edge\.toml"):
        load(written(tmp_path, text), EdgeConfig)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="absent"):
        load(tmp_path / "absent.toml", EdgeConfig)
