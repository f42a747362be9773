#!/bin/sh
# Compiles the plugin into an Elasticsearch home, with the Java that will run it.
# Usage: build.sh ELASTICSEARCH_HOME ELASTICSEARCH_VERSION JAVA_HOME
set -eu
home=$1 version=$2 java_home=$3
here=$(cd "$(dirname "$0")" && pwd)
target=$home/plugins/ml-sidecar-test-analysis
classes=$(mktemp -d)
trap 'rm -rf "$classes"' EXIT
"$java_home/bin/javac" -Werror -cp "$home/lib/*" -d "$classes" "$here"/src/*.java
mkdir -p "$target"
"$java_home/bin/jar" --create --file "$target/analysis.jar" -C "$classes" .
sed "s/@ELASTICSEARCH_VERSION@/$version/" "$here/stable-plugin-descriptor.properties" \
    >"$target/stable-plugin-descriptor.properties"
cp "$here/named_components.json" "$target/"
