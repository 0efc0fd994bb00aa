#!/bin/sh
# Installs the packages of a GPU host in an environment of its own and opens every network there. Gigabytes the
# first time. Runs without a GPU too: then it says what it could not check.
set -eu
cd "$(dirname "$0")/.."
python=${PYTHON:-python3}
[ ! -e /etc/ssl/certs/ca-certificates.crt ] || export UV_SYSTEM_CERTS="${UV_SYSTEM_CERTS:-true}"
index=$("$python" -m pip config get global.index-url 2>/dev/null || true)
[ -z "$index" ] || export UV_DEFAULT_INDEX="${UV_DEFAULT_INDEX:-$index}"

place=$PWD/build/gpu
stamp=$(cat requirements/edge-gpu.lock pyproject.toml | cksum)
if [ "$(cat "$place/stamp" 2>/dev/null || true)" != "$stamp" ]; then
    [ -x "$place/bin/python" ] || .tools/bin/uv venv -q --python "$(command -v "$python")" "$place"
    echo "installing the locked packages of a GPU host (gigabytes the first time)"
    VIRTUAL_ENV=$place .tools/bin/uv pip sync -q --require-hashes requirements/edge-gpu.lock
    echo "$stamp" > "$place/stamp"
fi
exec "$place/bin/python" -m tests.gpu_check
