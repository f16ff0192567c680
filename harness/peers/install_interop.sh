#!/bin/sh
# Installs what `make interop` talks to into the folder named: install.sh's peers, Bun (whose server is
# uWebSockets), and programs on gorilla/websocket where Debian's golang-go and
# golang-github-gorilla-websocket-dev are. Chromium is the system's. The tests say what is missing.
set -eu

into=${1:?usage: install_interop.sh DIR}
here=$(dirname "$0")
gocode=/usr/share/gocode

"$here/install.sh" "$into" || echo "not installed: npm's ws, websockets, aiohttp"
"$here/install.sh" "$into" bun || echo "not installed: Bun"
if [ -d "$gocode/src/github.com/gorilla/websocket" ] && command -v go >/dev/null; then
    for program in server client; do
        GO111MODULE=off GOPATH=$gocode go build -o "$into/gorilla-$program" "$here/go/$program.go"
    done
fi
