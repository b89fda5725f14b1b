// SPDX-License-Identifier: Apache-2.0
//
// A data race: one thread's update is lost if the other's comes between its read
// and its write, which takes more than the usual turns. Prints the sum: 2, or 1.

#include <pthread.h>
#include <sched.h>

#include <cstdio>

namespace {

volatile int sum = 0;

void* Slow(void*) {
  const int seen = sum;
  sched_yield();
  sum = seen + 1;
  return nullptr;
}

void* Late(void*) {
  for (int i = 0; i < 3; ++i) sched_yield();
  sum = sum + 1;
  return nullptr;
}

}  // namespace

int main() {
  pthread_t slow, late;
  pthread_create(&slow, nullptr, Slow, nullptr);
  pthread_create(&late, nullptr, Late, nullptr);
  pthread_join(slow, nullptr);
  pthread_join(late, nullptr);
  printf("%d\n", sum);
  return 0;
}
