# SPDX-License-Identifier: Apache-2.0
#
# How tools/build and tools/test configure and compile a build folder. Sourced from the root folder.

log_of() { echo "$1/$2.log"; }

# Whether the folder was configured for the tree that lies here, with these options: a checkout that
# was moved or copied carries paths that are no longer true.
is_configured() {  # folder options...
  local folder=$1 option name
  shift
  [[ -f $folder/build.ninja && -f $folder/meson-private/cmd_line.txt ]] || return 1
  grep -qF "\"source\": \"$PWD\"" "$folder/meson-info/meson-info.json" || return 1
  for option in "$@"; do
    name=${option#-D}
    grep -qxF "${name%%=*} = ${name#*=}" "$folder/meson-private/cmd_line.txt" || return 1
  done
}

configure() {  # folder options...
  local folder=$1 log
  log=$(log_of "$folder" configure)
  shift
  if is_configured "$folder" "$@"; then
    return 0
  fi
  echo "build: configuring $folder/ $*"
  mkdir -p "$folder"
  local again=()
  if [[ -f $folder/meson-private/coredata.dat ]]; then
    again=(--reconfigure)
    is_configured "$folder" || again=(--wipe)
  fi
  if ! meson setup "${again[@]}" "$folder" "$@" >"$folder.setup.log" 2>&1; then
    cat "$folder.setup.log"
    rm -f "$folder.setup.log"
    echo "build: meson could not configure $folder/" >&2
    return 1
  fi
  mv "$folder.setup.log" "$log"
}

is_built() {  # folder targets...
  [[ $(ninja -C "$1" -n "${@:2}" 2>&1) == *'no work to do.'* ]]
}

compile() {  # folder targets...
  local folder=$1 log begin=$SECONDS
  log=$(log_of "$folder" compile)
  shift
  if is_built "$folder" "$@"; then
    return 0
  fi
  echo "build: compiling in $folder/ with $(nproc) jobs"
  if ! ninja -C "$folder" -j "$(nproc)" "$@" >"$log" 2>&1; then
    # Ninja prints a line for each command; the reader wants what failed and why.
    grep -vE '^(\[[0-9]+/[0-9]+\]|ninja: Entering)' "$log" || cat "$log"
    echo "build: failed; all of it is in $log" >&2
    return 1
  fi
  echo "build: compiled in $((SECONDS - begin)) s"
}
