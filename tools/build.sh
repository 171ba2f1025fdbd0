# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Builds the project into a folder of its own. Sourced by tools/demo and
# tools/test, after packages.sh.

# lock_build_folder FOLDER: held until this shell ends, since two ninjas in one folder
# and two apt-gets on one machine spoil each other's work.
lock_build_folder() {
  mkdir -p "$1"
  exec 9>"$1/.lock"
  if ! flock --nonblock 9; then
    say "waiting for another run that is building in $1"
    flock 9
  fi
}

unlock_build_folder() { exec 9>&-; }

# build FOLDER [MESON OPTION...]
build() {
  local folder=$1
  shift
  if [ ! -e "$folder/build.ninja" ]; then
    meson setup "$folder" "$@" || return 1
  fi
  ninja -C "$folder"
}

# use_build FOLDER: plugin, typelib and library of this build, for this shell.
# The registry is the folder's own, so that the user's is left alone.
use_build() {
  local environment
  environment=$(meson devenv -C "$1" --dump) || return 1
  set +u # what it prepends to need not be set
  eval "$environment"
  set -u
  export GST_REGISTRY_1_0="$1/gstreamer-registry.bin"
}
