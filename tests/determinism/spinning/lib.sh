# SPDX-License-Identifier: Apache-2.0
#
# For tests that run a program again and again under other conditions of the
# host: sourced with the paths of emu and of spin_guest as $1 and $2. A fresh
# directory, removed at the end, is the working directory.

set -u
emu=$PWD/$1 guest=$PWD/$2
results=$(mktemp -d /tmp/spinning.XXXXXXXX)
scratch=$results/cwd
mkdir "$scratch"
chmod 755 "$results" "$scratch"
load=()
trap 'chmod -R u+rwx "$scratch"; rm -rf -- "$scratch"; end_load' EXIT
cd "$scratch" || exit 1
cp "$guest" guest
failures=0

fail() {
  echo "FAILED: $*" >&2
  failures=$((failures + 1))
}

begin_load() {
  local n
  for ((n = 0; n < 3; ++n)); do
    (while :; do :; done) &
    load+=($!)
  done
}

end_load() {
  if ((${#load[@]} > 0)); then kill "${load[@]}"; fi
  load=()
}

# trace NAME COMMAND...: the run's system calls, with the times and the threads
# that made them, are in $results/NAME.trace; its output, status and statistics
# beside that.
trace() {
  local name=$results/$1
  shift
  "${host[@]}" "$emu" run --timeout 300s --stats --strace="$name.trace" \
    -w "$scratch" "${options[@]}" -- "$@" \
    >"$name.out" 2>"$name.err" </dev/null
  echo $? >"$name.status"
}

host=()
options=()

# same COMMAND...: three runs, on a quiet host, a busy one, and one with another
# processor, priority and environment.
same() {
  host=() && trace first "$@"
  begin_load
  host=(taskset -c 0) && trace second "$@"
  end_load
  host=(env LANG=de_DE.UTF-8 MORE="$(printf 'x%.0s' {1..5000})" nice -n 19
    taskset -c "$(($(nproc) - 1))")
  trace third "$@"
  local run what
  for run in second third; do
    for what in status out trace; do
      cmp -s "$results/first.$what" "$results/$run.$what" || {
        fail "$*: the $run run has another $what"
        diff "$results/first.$what" "$results/$run.$what" | head -n 10 >&2
      }
    done
  done
  for run in first second third; do
    ! grep 'not reproducible' "$results/$run.err" >&2 || fail "$*: $run run"
  done
}

expect_status() {
  local status
  status=$(cat "$results/first.status")
  [[ $status == "$1" ]] ||
    fail "$2: status $status, not $1; $(tail -n 5 "$results/first.err")"
}

finish() {
  ((failures == 0)) || echo "$failures failed" >&2
  exit $((failures > 0))
}
