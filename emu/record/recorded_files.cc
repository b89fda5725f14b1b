// SPDX-License-Identifier: Apache-2.0

#include "emu/record/recorded_files.h"

namespace emu {

HostFileId RecordedFiles::Add(const OpenedFile& file) {
  int id;
  if (free_ids_.empty()) {
    id = static_cast<int>(files_.size());
    files_.emplace_back();
  } else {
    id = free_ids_.back();
    free_ids_.pop_back();
  }
  files_[id] = file;
  files_[id].open = true;
  return HostFileId{id};
}

OpenedFile* RecordedFiles::Find(HostFileId id) {
  if (id.value < 0 || static_cast<size_t>(id.value) >= files_.size() ||
      !files_[id.value].open) {
    return nullptr;
  }
  return &files_[id.value];
}

void RecordedFiles::Remove(HostFileId id) {
  OpenedFile* file = Find(id);
  if (file == nullptr) return;
  if (file->slot) store_.Release(*file->slot);
  *file = OpenedFile();
  free_ids_.push_back(id.value);
}

uint64_t RecordedFiles::Start(HostFileId id) {
  const OpenedFile* file = Find(id);
  return file != nullptr && file->slot ? ContentStore::Start(*file->slot) : 0;
}

}  // namespace emu
