#!/usr/bin/env bash
# start.sh PREPARED PORT [STATE]: one Elasticsearch node in the foreground (see README.md).
# PREPARED is made once and then only read; STATE (PREPARED/state by default) is the node's own.
# Without PORT it only prepares.
set -euo pipefail

recipe=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
mkdir -p "$1"
prepared=$(cd "$1" && pwd)
port=${2:-}
version=$(grep -oP '<elasticsearch.version>\K[^<]+' "$recipe/pom.xml")

prepare() {
  local fresh=$prepared/.fresh module=modules/transport-netty4
  rm -rf "$fresh"
  mkdir -p "$fresh/lib" "$fresh/launch" "$fresh/$module" "$fresh/plugins"
  # Maven's cache goes too: nothing is written outside of PREPARED.
  mvn --quiet --batch-mode --file "$recipe/pom.xml" -Dmaven.repo.local="$fresh/maven" \
    dependency:copy-dependencies -DoutputDirectory="$fresh/lib"
  rm -rf "$fresh/maven"
  # The transport is a module, with a class loader of its own for netty.
  mv "$fresh"/lib/{netty-*,transport-netty4-*,elasticsearch-ssl-config-*}.jar "$fresh/$module/"
  cat > "$fresh/$module/plugin-descriptor.properties" <<DESCRIPTOR
name=transport-netty4
description=HTTP by netty
version=$version
elasticsearch.version=$version
java.version=17
classname=org.elasticsearch.transport.netty4.Netty4Plugin
modulename=org.elasticsearch.transport.netty4
has.native.controller=false
DESCRIPTOR
  javac -d "$fresh/launch" --module-path "$fresh/lib" --add-modules ALL-MODULE-PATH \
    "$recipe/Node.java"
  rm -rf "$prepared"/{lib,launch,modules,plugins}
  mv "$fresh"/* "$prepared/"
  rmdir "$fresh"
  echo "$version" > "$prepared/version" # last: what has it is whole
}

for tool in java javac mvn; do
  command -v "$tool" > /dev/null || {
    echo "$tool is missing: install Maven and a JDK 17 (Debian: maven openjdk-17-jdk-headless)" >&2
    exit 1
  }
done
(
  flock 9 # two starts at once prepare once
  [ "$(cat "$prepared/version" 2> /dev/null)" = "$version" ] || prepare
) 9> "$prepared/lock"
[ -n "$port" ] || exit 0

mkdir -p "${3:-$prepared/state}"/{config,data,logs,tmp}
state=$(cd "${3:-$prepared/state}" && pwd)
cat > "$state/config/elasticsearch.yml" <<SETTINGS
cluster.name: perdure
discovery.type: single-node
network.host: 127.0.0.1
http.port: $port
transport.port: 0
cluster.routing.allocation.disk.threshold_enabled: false
SETTINGS
cat > "$state/config/log4j2.properties" <<'LOGGING'
status = error
appender.out.type = Console
appender.out.name = out
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d %p %c{1} %m%n
rootLogger.level = warn
rootLogger.appenderRef.out.ref = out
LOGGING
exec java -Xms512m -Xmx512m -XX:+UseSerialGC -XX:-UsePerfData -Djava.io.tmpdir="$state/tmp" \
  --module-path "$prepared/lib" --add-modules ALL-MODULE-PATH \
  -cp "$prepared/launch" Node "$prepared" "$state"
