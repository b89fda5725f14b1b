# SPDX-License-Identifier: Apache-2.0
#
# For tests of the command line: sourced with the path of emu as $1. A fresh
# directory, removed at the end, is the working directory.

set -u
emu=$PWD/$1
scratch=$(mktemp -d /tmp/cli.XXXXXXXX)
chmod 755 "$scratch"
trap 'chmod -R u+rwx "$scratch"; rm -rf -- "$scratch"' EXIT
cd "$scratch" || exit 1
unset SOURCE_DATE_EPOCH
failures=0

fail() {
  echo "FAILED: $*" >&2
  failures=$((failures + 1))
}

# run ARGS...: runs emu; its results are in $status, $out and $err.
run() {
  "$emu" "$@" >"$scratch/.out" 2>"$scratch/.err" </dev/null
  status=$?
  out=$(cat "$scratch/.out")
  err=$(cat "$scratch/.err")
  command="emu $*"
}

expect_status() {
  [[ $status == "$1" ]] || fail "$command: status $status, not $1; $err"
}
expect_out() {
  [[ $out == "$1" ]] || fail "$command: said '$out', not '$1'; $err"
}
# One line, which starts with "emu: " and matches the pattern.
expect_message() {
  [[ $err == "emu: "$1 && $err != *$'\n'* ]] ||
    fail "$command: message '$err', not 'emu: $1'"
}
# expect STATUS PATTERN ARGS...: a run that emu itself ends.
expect() {
  local wanted=$1 pattern=$2
  shift 2
  run "$@"
  expect_status "$wanted"
  # shellcheck disable=SC2053
  [[ $err == emu:\ $pattern && $err != *$'\n'* ]] ||
    fail "$command: message '$err', not 'emu: $pattern'"
}

finish() {
  ((failures == 0)) || echo "$failures failed" >&2
  exit $((failures > 0))
}
