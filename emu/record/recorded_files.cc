// SPDX-License-Identifier: Apache-2.0

#include "emu/record/recorded_files.h"

#include <algorithm>
#include <utility>

namespace emu {
namespace {

// As much as is copied at a time.
constexpr size_t kPiece = 256 << 10;

}  // namespace

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
  OpenedFile& added = files_[id] = std::move(file);
  added.open = true;
  added.serial = ++last_serial_;
  if (added.content != kNoContent && (added.slot || added.bytes)) {
    // A damaged recording may say of a file that it has any size.
    added.held = added.bytes ? added.bytes->size()
                             : std::min(added.node.size, ContentStore::kSlotSize);
    held_bytes_ += added.held;
    held_.push_back({id, added.serial});
    DropOldest();
  }
  return HostFileId{id};
}

void RecordedFiles::DropOldest() {
  while (held_bytes_ > most_held_ && held_.size() > 1) {
    const auto [id, serial] = held_.front();
    OpenedFile* const file = Find(HostFileId{id});
    if (file != nullptr && file->serial == serial && file->held > 0) {
      if (!IsRecorded(file->content)) return;
      if (file->slot) store_.Release(*std::exchange(file->slot, std::nullopt));
      file->bytes.reset();
      file->dropped = true;
      Pin(*file);
    }
    held_.pop_front();
  }
}

void RecordedFiles::Pin(OpenedFile& file) {
  held_bytes_ -= std::exchange(file.held, 0);
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
  Pin(*file);
  // Many are open for a moment only.
  if (!held_.empty() && held_.back().serial == file->serial) held_.pop_back();
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
  if (!file.bytes && !file.dropped) return absl::OkStatus();
  if (file.content != kNoContent) file.slot = store_.Use(file.content);
  if (!file.slot) {
    const ContentStore::Slot slot = store_.New();
    absl::Status status = file.bytes ? store_.Write(slot, 0, *file.bytes)
                                     : CopyDropped(file, slot);
    if (!status.ok()) {
      store_.Release(slot);
      return status;
    }
    file.slot = file.content == kNoContent ? slot
                                           : store_.Settle(slot, file.content);
  }
  file.bytes.reset();
  file.dropped = false;
  return absl::OkStatus();
}

absl::Status RecordedFiles::CopyDropped(const OpenedFile& file,
                                        ContentStore::Slot slot) {
  std::string buffer(kPiece, '\0');
  for (uint64_t done = 0;;) {
    const auto n = ReadRecorded(file.content, done, absl::MakeSpan(buffer));
    if (!n.ok() || *n == 0) return n.status();
    absl::Status status = store_.Write(
        slot, done, absl::MakeConstSpan(buffer).subspan(0, *n));
    if (!status.ok()) return status;
    done += *n;
  }
}

absl::Status RecordedFiles::ReadDropped(const OpenedFile& file, uint64_t offset,
                                        absl::Span<char> out) {
  const auto n = ReadRecorded(file.content, offset, out);
  if (n.ok()) std::fill(out.begin() + *n, out.end(), '\0');
  return n.status();
}

uint64_t RecordedFiles::Start(HostFileId id) {
  const OpenedFile* file = Find(id);
  return file != nullptr && file->slot ? ContentStore::Start(*file->slot) : 0;
}

}  // namespace emu
