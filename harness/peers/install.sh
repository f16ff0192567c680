#!/bin/sh
# Installs the peers that are not Rust into the folder named, at the releases written here: npm's
# `ws`, and `websockets` and `aiohttp` in a virtualenv; or npm's `bun` alone. What is there already
# stays.
set -eu

into=${1:?usage: install.sh DIR [bun]}
bun=1.4.5
if [ "${2:-}" = bun ]; then
    [ "$("$into/node_modules/.bin/bun" --version 2>/dev/null)" = "$bun" ] ||
        npm install --silent --no-audit --no-fund --no-save --prefix "$into" "bun@$bun"
    exit 0
fi
ws=8.23.0
websockets=17.4
aiohttp=3.14.5

mkdir -p "$into"
wanted="ws@$ws websockets@$websockets aiohttp@$aiohttp"
if [ "$(cat "$into/installed" 2>/dev/null)" = "$wanted" ]; then
    exit 0
fi
npm install --silent --no-audit --no-fund --prefix "$into" "ws@$ws"
[ -x "$into/venv/bin/python" ] || python3 -m venv "$into/venv"
"$into/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    "websockets==$websockets" "aiohttp==$aiohttp"
echo "$wanted" >"$into/installed"
