#!/bin/bash -eu
# The repository has the script, so that it changes with the targets.
exec "$SRC/ws-core/.clusterfuzzlite/build.sh"
