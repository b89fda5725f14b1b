#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What docs/determinism.md promises, tried: one answer over a hundred runs, a race
# that a seed finds and a recording keeps, time that takes no time.
#
# Usage: promises.sh EMU LEAKS_GUEST RACE_GUEST
source tests/cli/lib.sh
cp "$OLDPWD/$2" leaks
cp "$OLDPWD/$3" race
mkdir -p tree/sub
for name in c a b; do echo "$name" >"tree/$name"; done

# Time, pids, addresses, randomness, threads, directory order, counters, /proc,
# uname, file times: all of it in one digest.
run verify -n 100 -v "$scratch/tree:/tree" -v "$scratch/leaks:/leaks" -w / \
  /leaks /tree
expect_status 0
[[ $err == 'emu: deterministic: 100 runs of '* ]] || fail "a hundred runs: $err"

# A lost update: not in the usual order, but in that of some seeds.
run run ./race; expect_out 2
lost='' kept=''
for seed in {1..60}; do
  run run --seed "$seed" ./race
  case $out in
    1) lost=${lost:-$seed} ;;
    2) kept=${kept:-$seed} ;;
    *) fail "seed $seed: $out $err" ;;
  esac
done
[[ $lost && $kept ]] || fail "no seed shows the race, or all: '$lost' '$kept'"
for _ in {1..10}; do
  run run --seed "$lost" ./race; expect_out 1
done
run record -o race.trace --seed "$lost" ./race; expect_out 1
rm race
for _ in {1..5}; do
  (cd / && TZ=Asia/Tokyo nice -n 5 taskset -c "$(($(nproc) - 1))" \
    "$emu" replay "$scratch/race.trace") >replayed 2>&1
  [[ $(cat replayed) == 1 ]] || fail "the replayed race: $(cat replayed)"
done

# Elsewhere: nothing but emu and the recording, another user where that can be, one
# processor, and others who compute on it.
run record -o leaks.trace -v "$scratch/tree:/tree" -v "$scratch/leaks:/leaks" \
  -w / /leaks /tree
expect_status 0
mkdir -m 755 jail
cp "$emu" jail/emu
cp leaks.trace race.trace jail
chmod 644 jail/*.trace
last=$(($(nproc) - 1))
load=()
for _ in 1 2; do
  taskset -c "$last" bash -c 'while :; do :; done' &
  load+=($!)
done
elsewhere=(env -i "$(command -v taskset)" -c "$last")
if ((EUID == 0)); then
  elsewhere+=("$(command -v chroot)" --userspec=65534:65534 jail /emu replay)
else
  elsewhere+=(env --chdir=jail ./emu replay)
fi
leaks=$("${elsewhere[@]}" leaks.trace 2>&1)
race=$("${elsewhere[@]}" race.trace 2>&1)
kill "${load[@]}"
wait
[[ $out && $leaks == "$out" ]] || fail "replayed elsewhere: $leaks, not $out"
[[ $race == 1 ]] || fail "the race replayed elsewhere: $race"

begin=$SECONDS
run run sleep 3600; expect_status 0
((SECONDS - begin <= 1)) || fail "sleep 3600 took $((SECONDS - begin)) s"

cat >timers.py <<'END'
import asyncio, random, time
async def main():
    loop, fired, done = asyncio.get_running_loop(), [], asyncio.Event()
    begin, random_of_seed = loop.time(), random.Random(1)
    def fire(due):
        fired.append((due, loop.time()))
        if len(fired) == 1000:
            done.set()
    for _ in range(1000):
        due = begin + random_of_seed.uniform(1, 36000)
        loop.call_at(due, fire, due)
    await done.wait()
    assert fired == sorted(fired), 'order'
    late = max(now - due for due, now in fired)
    assert 0 <= min(now - due for due, now in fired) and late < 0.01, late
    print(len(fired), 'timers,', round(loop.time() - begin), 's')
asyncio.run(main())
END
run run -e PYTHONDONTWRITEBYTECODE=1 python3 timers.py
expect_status 0
[[ $out == '1000 timers, 3'[0-9][0-9][0-9][0-9]' s' ]] || fail "timers: $out $err"
finish
