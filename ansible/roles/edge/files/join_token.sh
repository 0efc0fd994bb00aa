#!/bin/sh
# Prints a join token as JSON, on the coordinator's machine:  join_token.sh REGION NAME
set -eu
bin=/opt/proctor/coordinator/current/bin
umask 077
file=$(mktemp)
trap 'rm -f "$file"' EXIT
runuser -u proctor-coordinator -- "$bin/proctor-coordinator" token --config /etc/proctor/coordinator.toml \
    --role operator --subject provisioning --minutes 5 > "$file"
PROCTOR_URL=http://127.0.0.1:8000 PROCTOR_TOKEN_FILE=$file "$bin/proctorctl" nodes token --region "$1" --name "$2" -o json
