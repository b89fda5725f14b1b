#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Threads that compute until a signal comes which nothing but the host's clock
# can place: they end, and the run says that it is not reproducible.

# shellcheck source=/dev/null
source "${0%/*}/lib.sh"

for program in alarm_ends_a_count virtual_timer_ends_a_count; do
  begun=$SECONDS
  trace run ./guest "$program"
  ((SECONDS - begun < 60)) || fail "$program: took $((SECONDS - begun)) s"
  said="$(cat "$results/run.status") $(cat "$results/run.out")"
  [[ $said == '0 done' ]] || fail "$program: status and output are $said"
  grep -q 'not reproducible: a thread that computed for long' "$results/run.err" ||
    fail "$program: $(tail -n 3 "$results/run.err")"
  grep -q -e '--- preempted at 0x' "$results/run.trace" || fail "$program: no preemption"
done

finish
