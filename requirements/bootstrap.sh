#!/bin/sh
# Brings a bare machine to the point where the project's commands run: system packages, uv, the virtual
# environment. Called by make; quick when nothing is missing.
#
#   requirements/bootstrap.sh run     what running needs
#   requirements/bootstrap.sh test    the same and what the tests need (Chromium, PostgreSQL, coturn, promtool)
#   requirements/bootstrap.sh ansible the same as run, and ansible in an environment of its own
#   requirements/bootstrap.sh docs    the same as run, and what builds the site
#   requirements/bootstrap.sh machines  ansible, and what boots machines in containers
set -eu
cd "$(dirname "$0")/.."
purpose=${1:-run}

missing=""
need_command() { command -v "$1" >/dev/null 2>&1 || [ -x "/usr/sbin/$1" ] || missing="$missing $2"; }
need_library() { ldconfig -p 2>/dev/null | grep -q "$1" || /sbin/ldconfig -p 2>/dev/null | grep -q "$1" || missing="$missing $2"; }

# A fresh machine upgrades itself in its first minute. apt-get waits for the lock on packages, if told to, but
# never for the one on their lists.
update_package_lists() {
    for _ in $(seq 120); do
        said=$(apt-get -o DPkg::Lock::Timeout=600 update -qq 2>&1) && return
        case "$said" in *"Could not get lock"*) sleep 5 ;; *) break ;; esac
    done
    echo "$said" >&2
    return 1
}

python=${PYTHON:-python3}
command -v "$python" >/dev/null 2>&1 || missing="$missing python3"
"$python" -c 'import ensurepip, venv' >/dev/null 2>&1 || missing="$missing python3-venv"
need_command espeak-ng espeak-ng
need_library libGL.so.1 libgl1
need_library libEGL.so.1 libegl1
need_library libGLESv2.so.2 libgles2
need_library libglib-2.0.so.0 libglib2.0-0
need_library libgthread-2.0.so.0 libglib2.0-0
if [ "$purpose" = test ]; then
    need_command chromium-headless-shell chromium-headless-shell
    need_command turnserver coturn
    need_command promtool prometheus
    ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing="$missing postgresql"
fi

if [ "$purpose" = machines ]; then
    need_command debootstrap debootstrap
    need_command systemd-nspawn systemd-container
    need_command ssh openssh-client
    need_command ip iproute2
fi

if [ -n "$missing" ]; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        echo "installing Debian packages:$missing (waits up to 10 minutes for another installation to end)"
        export DEBIAN_FRONTEND=noninteractive LC_ALL=C
        update_package_lists
        # shellcheck disable=SC2086
        apt-get -o DPkg::Lock::Timeout=600 install -y -qq --no-install-recommends $missing >/dev/null
    else
        echo "These Debian packages are missing:$missing" >&2
        echo "Install them as root, then run make again:  apt-get install$missing" >&2
        exit 1
    fi
fi

"$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || {
    echo "Python 3.11 to 3.13 is needed, $python is $("$python" -V). Name another one: make PYTHON=python3.12" >&2
    exit 1
}

# uv brings its own certificates and ignores pip's configuration: where the system has certificates they count,
# and an index configured for pip is passed on.
[ ! -e /etc/ssl/certs/ca-certificates.crt ] || export UV_SYSTEM_CERTS="${UV_SYSTEM_CERTS:-true}"
index=$("$python" -m pip config get global.index-url 2>/dev/null || true)
[ -z "$index" ] || export UV_DEFAULT_INDEX="${UV_DEFAULT_INDEX:-$index}"

if ! cmp -s requirements/uv.lock .tools/uv.lock; then
    "$python" -m venv .tools
    .tools/bin/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/uv.lock
    cp requirements/uv.lock .tools/uv.lock
fi

stamp=$(cat requirements/dev.lock pyproject.toml | cksum)
if [ "$(cat .venv/stamp 2>/dev/null || true)" != "$stamp" ]; then
    [ -x .venv/bin/python ] || .tools/bin/uv venv -q --python "$(command -v "$python")" .venv
    echo "installing the locked Python packages (a few minutes the first time)"
    VIRTUAL_ENV=$PWD/.venv .tools/bin/uv pip sync -q --require-hashes requirements/dev.lock
    VIRTUAL_ENV=$PWD/.venv .tools/bin/uv pip install -q --no-deps --no-build-isolation -e . 2>/dev/null ||
        VIRTUAL_ENV=$PWD/.venv .tools/bin/uv pip install -q --no-deps -e .
    echo "$stamp" > .venv/stamp
fi

# What pins other versions of what the product uses, and what few need, has an environment of its own.
install_tools() {
    cmp -s "requirements/$1.lock" ".tools/$1/$1.lock" && return
    echo "installing $1 tools (a minute the first time)"
    .tools/bin/uv venv -q --allow-existing --python "$(command -v "$python")" ".tools/$1"
    VIRTUAL_ENV=$PWD/.tools/$1 .tools/bin/uv pip sync -q --require-hashes "requirements/$1.lock"
    cp "requirements/$1.lock" ".tools/$1/$1.lock"
}
case $purpose in
    docs) install_tools docs ;;
    test|ansible|machines) install_tools ansible ;;
esac

# axe-core for the pages' accessibility tests, out of a wheel that brings it along. Beside the environment, since
# only its one script is wanted and not what the package drives it with.
if [ "$purpose" = test ] && ! cmp -s requirements/axe.lock .tools/axe/axe.lock; then
    .tools/bin/uv pip install -q --no-deps --only-binary :all: --require-hashes --python .venv/bin/python \
        --target .tools/axe -r requirements/axe.lock
    cp requirements/axe.lock .tools/axe/axe.lock
fi
