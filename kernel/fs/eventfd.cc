// SPDX-License-Identifier: Apache-2.0

#include "kernel/fs/eventfd.h"

#include <poll.h>

#include <utility>

#include "absl/strings/str_format.h"

namespace emu {
namespace {
// The count stays below this value, which cannot be written.
constexpr uint64_t kTooMuch = ~uint64_t{0};
}  // namespace

EventFd::EventFd(Path path, int flags, uint64_t count, bool semaphore, int id)
    : FileDescription(std::move(path), flags),
      count_(count),
      semaphore_(semaphore),
      id_(id) {}

Result<size_t> EventFd::Read(Task&, IovIter& to, uint64_t) {
  if (to.remaining() < sizeof(count_)) return Errno(EINVAL);
  if (count_ == 0) return Errno(EAGAIN);
  const uint64_t value = semaphore_ ? 1 : count_;
  count_ -= value;
  wait_.Wake(POLLOUT);
  if (TRY(to.Put(&value, sizeof(value))) < sizeof(value)) return Errno(EFAULT);
  return sizeof(value);
}

Result<size_t> EventFd::Write(Task&, IovIter& from, uint64_t) {
  uint64_t value;
  if (from.remaining() < sizeof(value)) return Errno(EINVAL);
  if (TRY(from.Get(&value, sizeof(value))) < sizeof(value)) {
    return Errno(EFAULT);
  }
  if (value == kTooMuch) return Errno(EINVAL);
  if (kTooMuch - count_ <= value) return Errno(EAGAIN);
  count_ += value;
  wait_.Wake(POLLIN);
  return sizeof(value);
}

uint32_t EventFd::Poll(Task&) {
  uint32_t events = 0;
  if (count_ > 0) events |= POLLIN;
  if (count_ < kTooMuch - 1) events |= POLLOUT;
  return events;
}

std::string EventFd::FdInfo() {
  return absl::StrFormat(
      "eventfd-count: %16x\neventfd-id: %d\neventfd-semaphore: %d\n", count_,
      id_, semaphore_);
}

}  // namespace emu
