#!/usr/bin/env bash
# Installs the programs that the live tests need beside Python. As root, on Debian 12. Runs in a second where everything is there.
set -euo pipefail
PATH="$PATH:/usr/sbin:/usr/local/sbin:/usr/local/go/bin" # daemons of Debian, and Go where its own archive puts it

packages=()
for pair in sipp:sip-tester kamailio:kamailio redis-server:redis-server chromium:chromium; do
  command -v "${pair%%:*}" >/dev/null || packages+=("${pair##*:}")
done
if [ ${#packages[@]} -gt 0 ]; then
  echo "Installing ${packages[*]} ..."
  # no service of theirs is to start: the tests start their own, on ports of their own
  policy=/usr/sbin/policy-rc.d
  if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
    trap 'rm -f "$policy"' EXIT
  fi
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "${packages[@]}" >/dev/null
fi

# The LiveKit server, built with Go: its psrpc messages belong to its version, so it is pinned.
livekit_version=v1.13.5
livekit_bin=${LIVE_BIN:-/opt/live/bin}
install_livekit_server() {
  if "$livekit_bin/livekit-server" --version 2>/dev/null | grep -q "${livekit_version#v}"; then return; fi
  if ! command -v go >/dev/null; then
    echo "livekit-server needs Go to be built, and there is no go: its tests are skipped." >&2
    return
  fi
  echo "Building livekit-server $livekit_version (some minutes) ..."
  mkdir -p "$livekit_bin"
  GOBIN="$livekit_bin" go install "github.com/livekit/livekit-server/cmd/server@$livekit_version"
  mv "$livekit_bin/server" "$livekit_bin/livekit-server"
}
install_livekit_server
