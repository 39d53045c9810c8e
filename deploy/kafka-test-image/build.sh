#!/usr/bin/env bash
# Builds the test broker's image without an image registry: FROM scratch, a static busybox, a JRE by jlink,
# Kafka's jars from Maven Central. `build.sh [TAG]`; needs Docker, a JDK 17 or newer, Maven, busybox (Debian: busybox-static).
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../.." && pwd)
version=$(sed -nE "s/.*kafkaVersion = '(.*)'.*/\1/p" "$top/testing/kafka/broker-settings.ts")
tag=${1:-market-feed/kafka-test:$version}
for tool in docker jlink mvn busybox; do
  command -v "$tool" >/dev/null || { echo "$tool is missing" >&2; exit 1; }
done

jars=$top/.tools/kafka/$version
if [ ! -d "$jars" ]; then
  mvn -q -B -f "$top/testing/kafka/pom.xml" "-Dkafka.version=$version" \
    dependency:copy-dependencies "-DoutputDirectory=$jars" -DincludeScope=runtime
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/rootfs
mkdir -p "$root"/{bin,dev,etc,opt/kafka/libs,proc,root,tmp}
chmod 1777 "$root/tmp"
cp -L "$(command -v busybox)" "$root/bin/busybox"
for applet in $(busybox --list); do [ "$applet" = busybox ] || ln -s busybox "$root/bin/$applet"; done
# log4j needs java.beans, which is in java.desktop.
jlink --output "$root/opt/jre" --strip-debug --no-header-files --no-man-pages --compress=2 --add-modules \
java.base,java.desktop,java.logging,java.management,java.naming,java.net.http,java.security.jgss,java.security.sasl,java.sql,java.xml,jdk.crypto.ec,jdk.management,jdk.unsupported,jdk.zipfs
cp "$jars"/*.jar "$root/opt/kafka/libs/"
cp "$here/run" "$root/opt/kafka/run"
install -D "$here/kafka-broker-api-versions.sh" "$root/opt/kafka/bin/kafka-broker-api-versions.sh"
# Copies the libraries that the JRE needs, that glibc loads to resolve names, and that zstd's library in the jars needs.
{
  find "$root/opt/jre" \( -name '*.so' -o -path '*/bin/java' \) -exec ldd {} + 2>/dev/null |
    awk '$1 ~ "^/lib" && $2 ~ /^\(/ { print $1 } $3 ~ "^/(usr/)?lib" { print $3 }'
  ls /lib/*-linux-gnu/{libnss_files.so.2,libnss_dns.so.2,libpthread.so.0} 2>/dev/null || true
} | sort -u | while read -r library; do
  mkdir -p "$root$(dirname "$library")"
  cp -L "$library" "$root$library"
done
echo 'root:x:0:0:root:/root:/bin/sh' >"$root/etc/passwd"
echo 'hosts: files dns' >"$root/etc/nsswitch.conf"
tar -C "$root" -cf "$work/rootfs.tar" .
cp "$here/Dockerfile" "$work/"
rm -rf "$root"
docker build -q -t "$tag" "$work"
echo "$tag"
