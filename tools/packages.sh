# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2034 # the lists are for whoever sources this
#
# The Debian packages this project needs, and how they get here. Sourced by
# tools/demo and tools/test. The names hold on Debian 12 and 13; "a|b" stands
# for whichever of the two the release has, and "command=package" is needed only
# where there is no such command.

# gcc without its recommended packages has no libc headers.
build_packages="
  gcc libc6-dev meson ninja-build pkgconf
  libglib2.0-dev libjson-glib-dev libjwt-dev libsoup-3.0-dev libsqlite3-dev libssl-dev zlib1g-dev
  libgstreamer1.0-dev libgstreamer-plugins-base1.0-dev libgstreamer-plugins-bad1.0-dev
  libnice-dev
  gobject-introspection libgirepository1.0-dev"

# The collector's page and its tests. A Node.js of another origin brings an npm of its own,
# and conflicts with Debian's.
page_packages="node=nodejs npm=npm"

# glib-networking is what wss:// needs; it is not a dependency of libsoup.
run_packages="
  gstreamer1.0-tools gstreamer1.0-plugins-base gstreamer1.0-plugins-good
  gstreamer1.0-plugins-bad gstreamer1.0-nice glib-networking
  python3 python3-gi python3-gst-1.0
  gir1.2-gst-plugins-base-1.0 gir1.2-gst-plugins-bad-1.0"

# libsoup 2 is there to be loaded beside us, which must do no harm.
# The schemas of docs/openapi.yaml are checked with python3-yaml and python3-jsonschema.
test_packages="
  chromium clang coturn groff-base iproute2 openssl libsoup-2.4-1|libsoup2.4-1 prometheus
  python3-jsonschema python3-yaml"

say() { printf '%s: %s\n' "${0##*/}" "$*"; }
fail() {
  printf '%s: %s\n' "${0##*/}" "$*" >&2
  exit 1
}

# quietly LOG COMMAND...: a newcomer sees the output only if it matters.
quietly() {
  local log=$1
  shift
  if "$@" >>"$log" 2>&1 </dev/null; then
    return 0
  fi
  tail -n 40 "$log" >&2
  fail "failed: $* (the whole output is in $log)"
}

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  else
    sudo "$@"
  fi
}

is_installed() {
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# missing_packages NAME...: those not installed, alternatives still together.
missing_packages() {
  local wanted alternative found
  for wanted in "$@"; do
    found=no
    case $wanted in
      *=*) if command -v "${wanted%%=*}" >/dev/null; then found=yes; fi ;;
    esac
    wanted=${wanted#*=}
    for alternative in ${wanted//|/ }; do
      if is_installed "$alternative"; then found=yes; fi
    done
    if [ "$found" = no ]; then printf '%s\n' "$wanted"; fi
  done
}

# known_alternatives NAME...: each "a|b" replaced by the one this release has.
known_alternatives() {
  local wanted alternative
  for wanted in "$@"; do
    for alternative in ${wanted//|/ }; do
      if apt-cache show --no-all-versions "$alternative" >/dev/null 2>&1; then break; fi
    done
    printf '%s\n' "$alternative"
  done
}

apt() {
  as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get -q -o Acquire::Retries=3 -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 "$@"
}

# without_services COMMAND...: the services of packages that it installs are not started; the
# tests want the programs in them only.
without_services() (
  policy=/usr/sbin/policy-rc.d
  if [ ! -e "$policy" ]; then
    trap 'as_root rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
    as_root chmod 755 "$policy"
  fi
  "$@"
)

# install_packages LOG NAME...: nothing is touched when all are there.
install_packages() {
  local log=$1 missing
  shift
  if ! command -v dpkg-query >/dev/null; then
    say "not a Debian system, so nothing is installed. If the build stops, install the" \
      "counterparts of:" "${@#*=}"
    return 0
  fi
  mapfile -t missing < <(missing_packages "$@")
  if [ ${#missing[@]} = 0 ]; then return 0; fi
  if [ "$(id -u)" != 0 ] && ! command -v sudo >/dev/null; then
    fail "missing packages, and neither root nor sudo to install them. As root, run:
  apt-get update && apt-get install --no-install-recommends $(known_alternatives "${missing[@]}" | xargs)"
  fi
  say "installing ${#missing[@]} missing packages with apt (a few minutes on a bare machine)"
  quietly "$log" apt update
  mapfile -t missing < <(known_alternatives "${missing[@]}")
  without_services quietly "$log" apt install -y --no-install-recommends "${missing[@]}"
}
