// SPDX-License-Identifier: Apache-2.0

#include "kernel/fs/locks.h"

#include <sys/sysmacros.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "kernel/fs/file_description.h"

namespace emu {
namespace {

bool Overlap(const FileLock& a, const FileLock& b) {
  return a.start <= b.last && b.start <= a.last;
}

// Whether two locks cannot be beside each other.
bool Conflict(const FileLock& a, const FileLock& b) {
  const auto is_record = [](const FileLock& lock) {
    return lock.kind == FileLock::Kind::kProcess ||
           lock.kind == FileLock::Kind::kDescription;
  };
  if (is_record(a) != is_record(b)) return false;
  if (!is_record(a) && a.kind != b.kind) return false;
  return a.owner != b.owner && Overlap(a, b) && (a.exclusive || b.exclusive);
}

}  // namespace

FileLocks::~FileLocks() {
  if (table_ != nullptr) table_->files_.erase(place_);
}

LockWaiter::LockWaiter(FileLocks& locks, const FileLock& wanted)
    : inode_(locks.inode_.shared_from_this()), locks_(locks), wanted_(wanted) {
  locks_.waiters_.push_back(this);
}

LockWaiter::~LockWaiter() {
  auto& all = locks_.waiters_;
  all.erase(std::find(all.begin(), all.end(), this));
}

// Record locks.

const FileLock* FileLocks::FindConflict(const FileLock& wanted) const {
  for (const FileLock& held : records_) {
    if (Conflict(held, wanted)) return &held;
  }
  return nullptr;
}

bool FileLocks::Cut(LockOwner owner, uint64_t start, uint64_t last) {
  std::vector<FileLock> kept;
  bool found = false;
  for (const FileLock& held : records_) {
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

void FileLocks::Set(const FileLock& lock) {
  const bool replaced = Cut(lock.owner, lock.start, lock.last);
  FileLock joined = lock;
  if (table_ != nullptr) joined.serial = table_->NextSerial();
  // Neighbours of the same kind become one.
  for (size_t i = 0; i < records_.size();) {
    const FileLock& held = records_[i];
    const bool touches =
        held.last + 1 == joined.start || joined.last + 1 == held.start;
    if (held.owner == joined.owner && held.exclusive == joined.exclusive &&
        touches) {
      joined.start = std::min(joined.start, held.start);
      joined.last = std::max(joined.last, held.last);
      joined.serial = std::min(joined.serial, held.serial);
      records_.erase(records_.begin() + i);
    } else {
      ++i;
    }
  }
  auto place = std::partition_point(
      records_.begin(), records_.end(),
      [&](const FileLock& held) { return held.start <= joined.start; });
  records_.insert(place, joined);
  std::stable_sort(
      records_.begin(), records_.end(),
      [](const FileLock& a, const FileLock& b) { return a.start < b.start; });
  if (replaced) wait_.Wake();
}

void FileLocks::Unset(LockOwner owner, uint64_t start, uint64_t last) {
  if (Cut(owner, start, last)) wait_.Wake();
}

// flock(2).

Result<> FileLocks::Flock(const FileLock& lock) {
  for (const FileLock& held : flocks_) {
    if (held.owner == lock.owner && held.exclusive == lock.exclusive) return {};
  }
  Unflock(lock.owner);
  for (const FileLock& held : flocks_) {
    if (Conflict(held, lock)) return Errno(EAGAIN);
  }
  flocks_.push_back(lock);
  if (table_ != nullptr) flocks_.back().serial = table_->NextSerial();
  return {};
}

void FileLocks::Unflock(LockOwner file) {
  auto held =
      std::find_if(flocks_.begin(), flocks_.end(),
                   [&](const FileLock& lock) { return lock.owner == file; });
  if (held == flocks_.end()) return;
  flocks_.erase(held);
  wait_.Wake();
}

void FileLocks::ReleaseFile(const FileDescription& file) {
  Unflock(&file);
  ReleaseOwner(&file);
  const size_t before = leases.size();
  leases.erase(
      std::remove_if(leases.begin(), leases.end(),
                     [&](const Lease& lease) { return lease.file == &file; }),
      leases.end());
  if (leases.size() != before) wait_.Wake();
}

void FileLocks::ReleaseOwner(LockOwner owner) { Unset(owner, 0, kLockEnd); }

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

// The table.

LockTable::~LockTable() {
  for (FileLocks* file : files_) file->table_ = nullptr;
}

FileLocks& LockTable::Of(Inode& inode) {
  FileLocks& locks = inode.locks();
  if (locks.table_ == nullptr) {
    locks.table_ = this;
    locks.place_ = files_.insert(files_.end(), &locks);
  }
  return locks;
}

namespace {

// A held lock's line, or a waiter's.
struct Line {
  const FileLock& lock;
  const Lease* lease = nullptr;
  bool waits = false;
};

std::string KindOf(const Line& line) {
  switch (line.lock.kind) {
    case FileLock::Kind::kProcess:
      return "POSIX  ADVISORY  ";
    case FileLock::Kind::kDescription:
      return "OFDLCK ADVISORY  ";
    case FileLock::Kind::kFlock:
      return "FLOCK  ADVISORY  ";
    case FileLock::Kind::kLease:
      break;
  }
  if (line.waits) return "LEASE  BREAKER   ";
  return line.lease->breaking() ? "LEASE  BREAKING  " : "LEASE  ACTIVE    ";
}

const char* TypeOf(const Line& line) {
  if (line.lease != nullptr) {
    if (line.lease->ending) return "UNLCK";
    if (line.lease->downgrading) return "READ";
  }
  return line.lock.exclusive ? "WRITE" : "READ";
}

std::string PlaceOf(const Line& line, Inode& inode) {
  if (line.waits && line.lock.kind == FileLock::Kind::kLease) return "<none>:0";
  const uint64_t device = inode.fs().device();
  return absl::StrFormat("%02x:%02x:%d", major(device), minor(device),
                         inode.ino());
}

void Append(std::string* text, const Line& line, Inode& inode) {
  const FileLock& lock = line.lock;
  absl::StrAppend(text, KindOf(line), TypeOf(line), " ", lock.pid, " ",
                  PlaceOf(line, inode), " ", lock.start, " ");
  absl::StrAppend(text, lock.last == kLockEnd ? "EOF" : absl::StrCat(lock.last),
                  "\n");
}

// Those who wait for one lock, with those who wait for them. Who conflicts with
// one that waits already stands behind it.
struct Waiting {
  const FileLock* lock;
  std::vector<Waiting> behind;

  void Add(const FileLock& wanted) {
    for (Waiting& before : behind) {
      if (Conflict(*before.lock, wanted)) return before.Add(wanted);
    }
    behind.push_back({&wanted, {}});
  }
  void Describe(std::string* text, Inode& inode, uint64_t id,
                size_t level) const {
    for (const Waiting& next : behind) {
      absl::StrAppend(text, id, ": ", std::string(level, ' '), "-> ");
      Append(text, {.lock = *next.lock, .waits = true}, inode);
      next.Describe(text, inode, id, level + 1);
    }
  }
};

}  // namespace

std::string LockTable::Describe() const {
  struct Entry {
    Line line;
    Inode* inode;
    Waiting waiting;
  };
  std::vector<Entry> entries;
  for (FileLocks* file : files_) {
    const size_t first = entries.size();
    const auto add = [&](const FileLock& lock, const Lease* lease) {
      entries.push_back(
          {{.lock = lock, .lease = lease}, &file->inode_, {&lock, {}}});
    };
    for (const FileLock& lock : file->records_) add(lock, nullptr);
    for (const FileLock& lock : file->flocks_) add(lock, nullptr);
    for (const Lease& lease : file->leases) add(lease.lock, &lease);
    for (const LockWaiter* waiter : file->waiters_) {
      for (size_t i = first; i < entries.size(); ++i) {
        if (!Conflict(entries[i].line.lock, waiter->wanted())) continue;
        entries[i].waiting.Add(waiter->wanted());
        break;
      }
    }
  }
  std::vector<const Entry*> order;
  for (const Entry& entry : entries) order.push_back(&entry);
  std::sort(order.begin(), order.end(), [](const Entry* a, const Entry* b) {
    return a->line.lock.serial > b->line.lock.serial;
  });
  std::string text;
  for (size_t i = 0; i < order.size(); ++i) {
    absl::StrAppend(&text, i + 1, ": ");
    Append(&text, order[i]->line, *order[i]->inode);
    order[i]->waiting.Describe(&text, *order[i]->inode, i + 1, 0);
  }
  return text;
}

}  // namespace emu
