// SPDX-License-Identifier: Apache-2.0

#include "arch/host/open_files.h"

#include <sys/resource.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "arch/base/host_status.h"

namespace emu {

size_t OpenFiles::DefaultCapacity() {
  struct rlimit limit = {};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 64;
  return std::clamp<rlim_t>(limit.rlim_cur / 2, 64, 1 << 16);
}

HostFileId OpenFiles::Add(FileSource& source, std::string path, bool writable,
                          OwnedFd fd, const struct stat& st) {
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
  entries_[id] = {.source = &source,
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
  Result<OwnedFd> opened =
      entry->source->Reopen(entry->path, entry->st, entry->writable);
  if (!opened.ok()) {
    NoteIfChanged(*entry);
    return opened.error();
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
  return HostError(
      fd.error().value(),
      entry == nullptr
          ? absl::StrCat("opening host file ", file.value)
          : absl::StrCat("opening \"", entry->source->Name(entry->path),
                         "\" again"));
}

std::vector<std::string> OpenFiles::Changed() {
  for (const Entry& entry : entries_) {
    if (entry.source != nullptr) NoteIfChanged(entry);
  }
  return {changed_.begin(), changed_.end()};
}

OpenFiles::Entry* OpenFiles::Find(HostFileId file) {
  if (file.value < 0 || static_cast<size_t>(file.value) >= entries_.size() ||
      entries_[file.value].source == nullptr) {
    return nullptr;
  }
  return &entries_[file.value];
}

void OpenFiles::MakeRoom() {
  if (lru_.size() < capacity_) return;
  entries_[lru_.back()].fd.Reset();
  lru_.pop_back();
}

void OpenFiles::NoteIfChanged(const Entry& entry) {
  if (entry.writable) return;
  if (entry.source->Changed(entry.path, entry.st, entry.fd.get())) {
    changed_.insert(entry.source->Name(entry.path));
  }
}

}  // namespace emu
