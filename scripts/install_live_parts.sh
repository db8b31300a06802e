#!/usr/bin/env bash
# Installs the programs that the live tests need beside Python. As root, on Debian 12. Runs in a second where everything is there.
set -euo pipefail

packages=()
for pair in sipp:sip-tester kamailio:kamailio; do
  PATH="$PATH:/usr/sbin:/usr/local/sbin" command -v "${pair%%:*}" >/dev/null || packages+=("${pair##*:}")
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
