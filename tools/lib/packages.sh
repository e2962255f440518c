# SPDX-License-Identifier: Apache-2.0
#
# The Debian packages that the build and the tests need, and how they come onto the machine. Sourced
# by tools/build and tools/test. Where nothing is missing, nothing is called but dpkg-query.

# `package` must be installed; `package:command` is also content with that command from elsewhere.
build_packages=(
  g++:g++ meson:meson ninja-build:ninja pkg-config:pkg-config
  liburing-dev libabsl-dev libboost-dev libssl-dev zlib1g-dev libsimdjson-dev
  libtomlplusplus-dev libcli11-dev libspdlog-dev nlohmann-json3-dev libgtest-dev libbenchmark-dev
)
test_packages=(
  git:git python3 python3-websockets
  clang:clang clang-format:clang-format clang-tidy:clang-tidy libclang-rt-14-dev
  redis-server:redis-server nginx-light:nginx nodejs:node npm:npm
  patch:patch util-linux:setpriv strace:strace curl:curl wrk:wrk
  chromium:chromium novnc tigervnc-standalone-server:Xtigervnc x11-xserver-utils:xsetroot
)

is_installed() {  # package[:command]
  local package=${1%%:*} command=
  [[ $1 == *:* ]] && command=${1#*:}
  if [[ -n $command ]] && PATH=$PATH:/usr/sbin:/sbin command -v "$command" >/dev/null; then
    return 0
  fi
  [[ $(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null) == installed ]]
}

# Services (redis, nginx) are wanted as programs, not running: policy-rc.d keeps a package's own
# scripts from starting them while this installation lasts.
apt_install() {  # packages
  local as_root=() policy=/usr/sbin/policy-rc.d
  ((EUID == 0)) || as_root=(sudo)
  if [[ ! -e $policy ]]; then
    printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
    "${as_root[@]}" chmod 755 "$policy"
    # shellcheck disable=SC2064  # the values of now are meant
    trap "${as_root[*]} rm -f $policy" EXIT
  fi
  "${as_root[@]}" apt-get update -qq || echo 'packages: the lists could not all be refreshed' >&2
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends "$@"
}

need_packages() {  # package[:command]...
  local entry missing=()
  if [[ ${RINGWAY_PACKAGES:-} == skip ]]; then
    return 0
  fi
  for entry in "$@"; do
    is_installed "$entry" || missing+=("${entry%%:*}")
  done
  if ((${#missing[@]} == 0)); then
    return 0
  fi
  if command -v apt-get >/dev/null && { ((EUID == 0)) || command -v sudo >/dev/null; }; then
    echo "packages: installing ${missing[*]}"
    (apt_install "${missing[@]}") >&2 && return 0
    echo "packages: apt-get could not install these" >&2
  fi
  echo "packages: missing: ${missing[*]}" >&2
  echo "packages: these are Debian 12's names; RINGWAY_PACKAGES=skip goes on without them" >&2
  return 1
}
