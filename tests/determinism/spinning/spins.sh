#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Threads that wait for each other, for a timer or for another process in user
# code.

# shellcheck source=/dev/null
source "${0%/*}/lib.sh"

for program in pthread_spin_lock test_and_set test_and_test_and_set \
  ticket_lock bounded_spin alarm_ends_a_spin virtual_timer_ends_a_spin \
  computers spins_for_a_computer shared_page sequence_lock clock_reader \
  counter_reader polite_lock; do
  same ./guest "$program"
  expect_status 0 "$program"
done

# The same with the order of threads drawn from a seed.
options=(--seed 7)
for program in test_and_set ticket_lock sequence_lock; do
  same ./guest "$program"
  expect_status 0 "$program --seed 7"
done
options=()

same ./guest livelock
expect_status 125 livelock
[[ $(grep -c 'waits in user code, at 0x[0-9a-f]*, for a change' \
  "$results/first.err") == 2 ]] || fail "livelock: $(cat "$results/first.err")"

finish
