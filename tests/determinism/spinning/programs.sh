#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Programs with threads, by languages whose run times spin, yield and look at the
# clock in ways of their own.

# shellcheck source=/dev/null
source "${0%/*}/lib.sh"

cat >threads.py <<'END'
import threading, queue, time
lock, total = threading.Lock(), 0
def add():
    global total
    for _ in range(20000):
        with lock:
            total += 1
threads = [threading.Thread(target=add) for _ in range(4)]
for t in threads: t.start()
for t in threads: t.join()
ready = False
def late():
    global ready
    time.sleep(0.05)
    ready = True
t = threading.Thread(target=late); t.start()
looks = 0
while not ready:
    looks += 1
    time.monotonic()
t.join()
print(total, ready, looks)
END
same /usr/bin/python3 threads.py
expect_status 0 python

cat >omp.cc <<'END'
#include <omp.h>
#include <stdio.h>
int main() {
  long sum = 0;
  for (int round = 0; round < 20; ++round) {
#pragma omp parallel for reduction(+ : sum) num_threads(4)
    for (int i = 0; i < 100000; ++i) sum += i % 7;
#pragma omp parallel num_threads(4)
    {
#pragma omp barrier
#pragma omp critical
      sum += omp_get_thread_num();
    }
  }
  printf("%ld\n", sum);
}
END
g++ -O2 -fopenmp -o omp omp.cc || fail 'cannot compile omp.cc'
for policy in active passive; do
  options=(-e OMP_WAIT_POLICY=$policy)
  same ./omp
  expect_status 0 "OpenMP, $policy"
done
options=()

mkdir gopath
cat >t.go <<'END'
package main

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

func main() {
	var wg sync.WaitGroup
	var mu sync.Mutex
	var flag atomic.Bool
	total := 0
	for i := 0; i < 20; i++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for j := 0; j < 1000; j++ { mu.Lock(); total++; mu.Unlock() }
		}()
	}
	go func() { time.Sleep(time.Millisecond); flag.Store(true) }()
	x := 0
	for i := 0; i < 200000000; i++ { x += i }
	for !flag.Load() { time.Sleep(time.Microsecond) }
	wg.Wait()
	fmt.Println(total, x)
}
END
GO111MODULE=off CGO_ENABLED=0 GOCACHE=$PWD/gopath GOPATH=$PWD/gopath \
  GOTELEMETRY=off go build -o go_threads t.go || fail 'cannot compile t.go'
same ./go_threads
expect_status 0 Go

cat >T.java <<'END'
import java.util.concurrent.*;
import java.util.concurrent.atomic.*;
public class T {
  static volatile boolean ready;
  public static void main(String[] a) throws Exception {
    AtomicInteger n = new AtomicInteger();
    ExecutorService pool = Executors.newFixedThreadPool(4);
    for (int i = 0; i < 40; i++) pool.submit(() -> { for (int j = 0; j < 1000; j++) n.incrementAndGet(); });
    pool.shutdown();
    pool.awaitTermination(1, TimeUnit.MINUTES);
    Thread late = new Thread(() -> { ready = true; });
    late.start();
    long looks = 0;
    while (!ready) { looks++; Thread.yield(); }
    late.join();
    long sum = 0;
    for (long i = 0; i < 300000000L; i++) sum += i ^ (sum >> 3);
    System.out.println(n.get() + " " + sum + " " + looks);
  }
}
END
/usr/bin/javac -d . T.java || fail 'cannot compile T.java'
same /usr/bin/java -XX:-UsePerfData -cp . T
expect_status 0 Java

cat >t.js <<'END'
const { Worker, isMainThread, workerData } = require('worker_threads');
if (!isMainThread) {
  const word = new Int32Array(workerData);
  while (Atomics.load(word, 0) === 0) performance.now();
  Atomics.add(word, 1, 1);
  Atomics.notify(word, 1);
} else {
  const word = new Int32Array(new SharedArrayBuffer(8));
  const workers = [1, 2].map(() => new Worker(__filename, { workerData: word.buffer }));
  let ended = 0;
  for (const w of workers) w.on('exit', () => { if (++ended === 2) console.log(word[1]); });
  setTimeout(() => Atomics.store(word, 0, 1), 100);
}
END
same /usr/bin/node t.js
expect_status 0 node

finish
