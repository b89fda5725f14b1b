// SPDX-License-Identifier: Apache-2.0

#include "arch/host/open_files.h"

#include <fcntl.h>
#include <sys/resource.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "arch/base/host_status.h"

namespace emu {
namespace {

bool SameTime(const timespec& a, const timespec& b) {
  return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

bool SameObject(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

bool SameContent(const struct stat& a, const struct stat& b) {
  return a.st_size == b.st_size && SameTime(a.st_mtim, b.st_mtim);
}

}  // namespace

size_t OpenFiles::DefaultCapacity() {
  struct rlimit limit = {};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 64;
  return std::clamp<rlim_t>(limit.rlim_cur / 2, 64, 1 << 16);
}

HostFileId OpenFiles::Add(const ConfinedRoot& root, std::string path,
                          bool writable, OwnedFd fd, const struct stat& st) {
  MakeRoom();
  int id;
  if (free_ids_.empty()) {
    id = static_cast<int>(entries_.size());
    entries_.emplace_back();
  } else {
    id = free_ids_.back();
    free_ids_.pop_back();
  }
  lru_.push_front(id);
  entries_[id] = {.root = &root,
                  .path = std::move(path),
                  .writable = writable,
                  .fd = std::move(fd),
                  .st = st,
                  .used = lru_.begin()};
  return HostFileId{id};
}

void OpenFiles::Remove(HostFileId file) {
  Entry* entry = Find(file);
  if (entry == nullptr) return;
  NoteIfChanged(*entry);
  if (entry->fd.valid()) lru_.erase(entry->used);
  *entry = Entry();
  free_ids_.push_back(file.value);
}

Result<int> OpenFiles::Use(HostFileId file) {
  Entry* entry = Find(file);
  if (entry == nullptr) return Errno(EBADF);
  if (entry->fd.valid()) {
    lru_.splice(lru_.begin(), lru_, entry->used);
    return entry->fd.get();
  }
  MakeRoom();
  const int flags = (entry->writable ? O_RDWR : O_RDONLY) | O_NONBLOCK;
  Result<OwnedFd> opened = Errno(ESTALE);
  Result<OwnedFd> path = entry->root->Open(entry->path, O_PATH);
  struct stat now = {};
  if (path.ok() && fstat(path->get(), &now) == 0 &&
      SameObject(now, entry->st) &&
      (entry->writable || (SameContent(now, entry->st) &&
                           SameTime(now.st_ctim, entry->st.st_ctim)))) {
    opened = Reopen(path->get(), flags);
  }
  if (!opened.ok()) {
    if (!entry->writable) changed_.insert(HostPath(*entry));
    return Errno(ESTALE);
  }
  entry->fd = opened.Take();
  lru_.push_front(file.value);
  entry->used = lru_.begin();
  return entry->fd.get();
}

absl::StatusOr<int> OpenFiles::Descriptor(HostFileId file) {
  const Result<int> fd = Use(file);
  if (fd.ok()) return *fd;
  const Entry* entry = Find(file);
  return HostError(fd.error().value(),
                   entry == nullptr
                       ? absl::StrCat("opening host file ", file.value)
                       : absl::StrCat("opening \"", HostPath(*entry),
                                      "\" again"));
}

std::vector<std::string> OpenFiles::Changed() {
  for (const Entry& entry : entries_) {
    if (entry.root != nullptr) NoteIfChanged(entry);
  }
  return {changed_.begin(), changed_.end()};
}

OpenFiles::Entry* OpenFiles::Find(HostFileId file) {
  if (file.value < 0 || static_cast<size_t>(file.value) >= entries_.size() ||
      entries_[file.value].root == nullptr) {
    return nullptr;
  }
  return &entries_[file.value];
}

std::string OpenFiles::HostPath(const Entry& entry) {
  const std::string& root = entry.root->host_path();
  if (entry.path.empty()) return root;
  return absl::StrCat(root, root.back() == '/' ? "" : "/", entry.path);
}

void OpenFiles::MakeRoom() {
  if (lru_.size() < capacity_) return;
  entries_[lru_.back()].fd.Reset();
  lru_.pop_back();
}

void OpenFiles::NoteIfChanged(const Entry& entry) {
  if (entry.writable) return;
  struct stat now = {};
  bool same;
  if (entry.fd.valid()) {
    same = fstat(entry.fd.get(), &now) == 0 && SameContent(now, entry.st);
  } else {
    // Nobody can say whether what was read is what is there now, unless it is
    // the same file.
    Result<OwnedFd> path = entry.root->Open(entry.path, O_PATH);
    same = path.ok() && fstat(path->get(), &now) == 0 &&
           SameObject(now, entry.st) && SameContent(now, entry.st);
  }
  if (!same) changed_.insert(HostPath(entry));
}

}  // namespace emu
