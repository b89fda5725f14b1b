// SPDX-License-Identifier: Apache-2.0

#include "kernel/fs/locks.h"

#include <algorithm>

#include "kernel/fs/file_description.h"

namespace emu {
namespace {

bool Overlap(const RecordLock& a, const RecordLock& b) {
  return a.start <= b.last && b.start <= a.last;
}

}  // namespace

// Record locks.

const RecordLock* FileLocks::FindConflict(const RecordLock& wanted) const {
  for (const RecordLock& held : records_) {
    if (held.owner == wanted.owner || !Overlap(held, wanted)) continue;
    if (held.exclusive || wanted.exclusive) return &held;
  }
  return nullptr;
}

bool FileLocks::Cut(LockOwner owner, uint64_t start, uint64_t last) {
  std::vector<RecordLock> kept;
  bool found = false;
  for (const RecordLock& held : records_) {
    if (held.owner != owner || held.last < start || held.start > last) {
      kept.push_back(held);
      continue;
    }
    found = true;
    if (held.start < start) {
      kept.push_back(held);
      kept.back().last = start - 1;
    }
    if (held.last > last) {
      kept.push_back(held);
      kept.back().start = last + 1;
    }
  }
  records_ = std::move(kept);
  return found;
}

void FileLocks::Set(const RecordLock& lock) {
  const bool replaced = Cut(lock.owner, lock.start, lock.last);
  RecordLock joined = lock;
  // Neighbours of the same kind become one.
  for (size_t i = 0; i < records_.size();) {
    const RecordLock& held = records_[i];
    const bool touches =
        held.last + 1 == joined.start || joined.last + 1 == held.start;
    if (held.owner == joined.owner && held.exclusive == joined.exclusive &&
        touches) {
      joined.start = std::min(joined.start, held.start);
      joined.last = std::max(joined.last, held.last);
      records_.erase(records_.begin() + i);
    } else {
      ++i;
    }
  }
  auto place = std::partition_point(
      records_.begin(), records_.end(),
      [&](const RecordLock& held) { return held.start <= joined.start; });
  records_.insert(place, joined);
  std::stable_sort(records_.begin(), records_.end(),
                   [](const RecordLock& a, const RecordLock& b) {
                     return a.start < b.start;
                   });
  if (replaced) wait_.Wake();
}

void FileLocks::Unset(LockOwner owner, uint64_t start, uint64_t last) {
  if (Cut(owner, start, last)) wait_.Wake();
}

// flock(2).

Result<> FileLocks::Flock(const FileDescription& file, bool exclusive) {
  for (const HeldFlock& held : flocks_) {
    if (held.file == &file && held.exclusive == exclusive) return {};
  }
  Unflock(file);
  for (const HeldFlock& held : flocks_) {
    if (held.exclusive || exclusive) return Errno(EAGAIN);
  }
  flocks_.push_back({&file, exclusive});
  return {};
}

void FileLocks::Unflock(const FileDescription& file) {
  auto held =
      std::find_if(flocks_.begin(), flocks_.end(),
                   [&](const HeldFlock& lock) { return lock.file == &file; });
  if (held == flocks_.end()) return;
  flocks_.erase(held);
  wait_.Wake();
}

void FileLocks::ReleaseFile(const FileDescription& file) {
  Unflock(file);
  ReleaseOwner(&file);
}

void FileLocks::ReleaseOwner(LockOwner owner) { Unset(owner, 0, INT64_MAX); }

// Circles of waiters.

bool LockWaits::WouldDeadlock(LockOwner owner, LockOwner holder) const {
  // Each owner waits for one at most, unless its threads do: then a circle that
  // this does not see is broken by a signal alone, as on Linux.
  for (size_t steps = 0; steps <= waits_.size(); ++steps) {
    if (holder == owner) return true;
    auto next =
        std::find_if(waits_.begin(), waits_.end(),
                     [&](const auto& wait) { return wait.first == holder; });
    if (next == waits_.end()) return false;
    holder = next->second;
  }
  return false;
}

void LockWaits::Add(LockOwner owner, LockOwner holder) {
  waits_.emplace_back(owner, holder);
}

void LockWaits::Remove(LockOwner owner, LockOwner holder) {
  auto wait = std::find(waits_.begin(), waits_.end(), std::pair(owner, holder));
  if (wait != waits_.end()) waits_.erase(wait);
}

}  // namespace emu
