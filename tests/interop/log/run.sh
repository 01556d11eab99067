#!/bin/sh
# Exports logs with the program $1 and lets Go verify them; $2 is this folder.
set -eu
export_log=$1
here=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$export_log" "$work"
cd "$here/go_verifier"
MUSUBI_EXPORT=$work go test -count=1 -v ./...
