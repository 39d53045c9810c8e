#!/usr/bin/env bash
# Prepares a fresh clone: installs Node 24 into .tools if the machine's is older, and node_modules as in
# package-lock.json. Does nothing if that is done already. Reports on stderr what it does. An argument is a script that Node
# runs while npm installs node_modules.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

major() { "$1" -p 'process.versions.node.split(".")[0]' 2>/dev/null || echo 0; }

command -v npm >/dev/null || { echo 'npm is missing: install Node.js 20 or newer, with npm' >&2; exit 1; }

if [ "$(major node)" -lt 24 ]; then # make puts .tools first on the PATH
  echo "Node.js $(node --version 2>/dev/null || echo '(none)') is older than 24: installing Node 24 into .tools/" >&2
  pinned="scripts/node/$(uname -s)-$(uname -m)" # the exact version and its hash: npm refuses a file with another hash
  [ -d "$pinned" ] || { echo "make has no Node 24 for $(uname -s) $(uname -m): install it from https://nodejs.org" >&2; exit 1; }
  mkdir -p .tools
  cp "$pinned"/package*.json .tools/
  npm ci --prefix .tools --loglevel=error >&2
  (cd .tools/node_modules && ln -sfn node-linux-* node)
  export PATH="$PWD/.tools/node_modules/node/bin:$PATH"
fi

wanted="$(cksum <package-lock.json) node $(major node)"
stamp=node_modules/.market-feed-stamp
# A linked node_modules belongs to another folder, where tests may run. npm would delete its packages.
if [ ! -L node_modules ] && [ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ]; then
  echo 'installing the packages of package-lock.json' >&2
  [ $# = 0 ] || node "$1" >&2 &
  npm ci --loglevel=error >&2 || { wait; exit 1; }
  wait
  echo "$wanted" >"$stamp"
fi
