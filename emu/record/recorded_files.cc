// SPDX-License-Identifier: Apache-2.0

#include "emu/record/recorded_files.h"

#include <algorithm>
#include <utility>

namespace emu {

void ReadString(const std::string& string, uint64_t offset,
                absl::Span<char> out) {
  const size_t n = offset >= string.size()
                       ? 0
                       : string.copy(out.data(), out.size(), offset);
  std::fill(out.begin() + n, out.end(), '\0');
}

HostFileId RecordedFiles::Add(OpenedFile file) {
  int id;
  if (free_ids_.empty()) {
    id = static_cast<int>(files_.size());
    files_.emplace_back();
  } else {
    id = free_ids_.back();
    free_ids_.pop_back();
  }
  files_[id] = std::move(file);
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

absl::string_view RecordedFiles::View(HostFileId id, uint64_t offset) {
  const OpenedFile* file = Find(id);
  if (file == nullptr || !file->bytes || offset >= file->bytes->size()) {
    return {};
  }
  return absl::string_view(*file->bytes).substr(offset);
}

absl::Status RecordedFiles::MoveToStore(OpenedFile& file) {
  if (!file.bytes) return absl::OkStatus();
  if (file.content != kNoContent) file.slot = store_.Use(file.content);
  if (!file.slot) {
    const ContentStore::Slot slot = store_.New();
    absl::Status status = store_.Write(slot, 0, *file.bytes);
    if (!status.ok()) {
      store_.Release(slot);
      return status;
    }
    file.slot = file.content == kNoContent ? slot
                                           : store_.Settle(slot, file.content);
  }
  file.bytes.reset();
  return absl::OkStatus();
}

uint64_t RecordedFiles::Start(HostFileId id) {
  const OpenedFile* file = Find(id);
  return file != nullptr && file->slot ? ContentStore::Start(*file->slot) : 0;
}

}  // namespace emu
