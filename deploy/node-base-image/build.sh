#!/usr/bin/env bash
# Builds a base for our image without an image registry: FROM scratch, a static busybox, this machine's Node.js and npm
# with their libraries. `build.sh [TAG]`; needs Docker, busybox (Debian: busybox-static) and Node 24 (`make` installs it).
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../.." && pwd)
PATH=$top/.tools/node_modules/node/bin:$PATH
for tool in docker node npm busybox; do
  command -v "$tool" >/dev/null || { echo "$tool is missing" >&2; exit 1; }
done
tag=${1:-market-feed/node-base:$(node --version | cut -c2-)}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/rootfs
mkdir -p "$root"/{bin,dev,etc/ssl/certs,home/node,proc,root,tmp,usr/local/bin,usr/local/lib/node_modules}
chmod 1777 "$root/tmp"
cp -L "$(command -v busybox)" "$root/bin/busybox"
for applet in $(busybox --list); do [ "$applet" = busybox ] || ln -s busybox "$root/bin/$applet"; done
mkdir -p "$root/usr/bin" && ln -s /bin/env "$root/usr/bin/env"
cp -L "$(command -v node)" "$root/usr/local/bin/node"
cp -R "$(dirname "$(readlink -f "$(command -v npm)")")/.." "$root/usr/local/lib/node_modules/npm"
ln -s ../lib/node_modules/npm/bin/npm-cli.js "$root/usr/local/bin/npm"
# Copies the libraries that Node.js needs, and those that glibc loads to resolve names.
{
  ldd "$root/usr/local/bin/node" | awk '$1 ~ "^/lib" && $2 ~ /^\(/ { print $1 } $3 ~ "^/(usr/)?lib" { print $3 }'
  ls /lib/*-linux-gnu/libnss_{files,dns}.so.2 2>/dev/null || true
} | sort -u | while read -r library; do
  mkdir -p "$root$(dirname "$library")"
  cp -L "$library" "$root$library"
done
cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/" 2>/dev/null || touch "$root/etc/ssl/certs/ca-certificates.crt"
printf 'root:x:0:0:root:/root:/bin/sh\nnode:x:1000:1000:node:/home/node:/bin/sh\n' >"$root/etc/passwd"
printf 'root:x:0:\nnode:x:1000:\n' >"$root/etc/group"
echo 'hosts: files dns' >"$root/etc/nsswitch.conf"
tar -C "$root" -cf "$work/rootfs.tar" .
cp "$here/Dockerfile" "$work/"
rm -rf "$root"
docker build -q -t "$tag" "$work"
echo "$tag"
