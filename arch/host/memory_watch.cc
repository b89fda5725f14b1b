// SPDX-License-Identifier: Apache-2.0

#include "arch/host/memory_watch.h"

#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>

namespace emu {
namespace {

// Measuring takes the host time that grows with what is measured: no more than
// this part of all time is spent on it.
constexpr int64_t kMeasureShare = 20;

// Not by the C library, which reads the time stamp counter.
int64_t Now() {
  timespec now = {};
  syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
  return now.tv_sec * int64_t{1'000'000'000} + now.tv_nsec;
}

}  // namespace

void MemoryWatch::Remove(HostProcess& process) {
  processes_.erase(std::find(processes_.begin(), processes_.end(), &process));
}

uint64_t MemoryWatch::StoreBytes() const {
  struct stat store = {};
  if (store_fd_ < 0 || fstat(store_fd_, &store) != 0) return 0;
  return static_cast<uint64_t>(store.st_blocks) * 512;
}

bool MemoryWatch::Exceeded() {
  if (!enabled()) return false;
  const uint64_t store = StoreBytes();
  uint64_t most = store;
  for (HostProcess* process : processes_) most += process->PrivateBytesAtMost();
  if (most <= limit_) return false;
  // Pages that forks share were counted more than once.
  const int64_t start = Now();
  if (start < next_exact_) return false;
  uint64_t used = store;
  for (HostProcess* process : processes_) used += process->PrivateBytes();
  const int64_t end = Now();
  next_exact_ = end + (end - start) * kMeasureShare;
  if (used <= limit_) return false;
  ++kills_;
  return true;
}

}  // namespace emu
