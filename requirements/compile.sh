#!/bin/sh
# Pins one set of packages with hashes and without any index host:  requirements/compile.sh dev
set -eu
cd "$(dirname "$0")/.."
project=pyproject.toml
case "$1" in
    dev) extras="--group dev --extra edge --extra coordinator --extra kafka --extra cli --extra hub --extra demo --extra cpu" ;;
    edge-cpu) extras="--extra edge --extra cli --extra cpu" ;;
    edge-gpu) extras="--extra edge --extra cli --extra gpu" ;;
    ansible|docs) extras="" project=requirements/$1.in ;;
    coordinator) extras="--extra coordinator --extra kafka --extra cli --extra hub" ;;
    *) echo "unknown set $1: dev, edge-cpu, edge-gpu, coordinator, ansible or docs" >&2; exit 2 ;;
esac
# shellcheck disable=SC2086
.tools/bin/uv pip compile -q $project $extras --universal --python-version 3.11 \
    --generate-hashes --no-emit-index-url --no-header -o "requirements/$1.lock"
