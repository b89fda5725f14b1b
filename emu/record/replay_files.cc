// SPDX-License-Identifier: Apache-2.0

#include "emu/record/replay_files.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "emu/trace/block.h"
#include "emu/trace/wire.h"

namespace emu {
namespace {

constexpr uint64_t kPiece = kChunkSize;
// So many pieces are worth waking a thread for.
constexpr size_t kMany = 4;

// How many pieces there are in so many bytes, the last of which may be shorter.
constexpr uint64_t Pieces(uint64_t size) {
  return size / kPiece + (size % kPiece != 0 ? 1 : 0);
}

}  // namespace

absl::StatusOr<ContentStore::Slot> ReplayFiles::NewSlot(ContentId content,
                                                        uint64_t size) {
  if (size > ContentStore::kSlotSize) {
    return absl::OutOfRangeError("a file of more than a terabyte");
  }
  const auto unpacked = prefetcher_.Take(content);
  if (unpacked && unpacked->slot) {
    fetched_.erase(*unpacked->slot);
    return *unpacked->slot;
  }
  const ContentStore::Slot slot = store().New();
  fetched_[slot].assign(Pieces(size), false);
  return slot;
}

absl::Status ReplayFiles::Fill(OpenedFile& file) {
  file.slot = store().Use(file.content);
  if (file.slot) return absl::OkStatus();
  const absl::StatusOr<ContentInfo> info = reader_.Content(file.content);
  if (!info.ok()) return info.status();
  if (info->size <= ContentStore::kLargestString) {
    auto unpacked = prefetcher_.Take(file.content);
    auto bytes = unpacked
                     ? std::move(unpacked->bytes)
                     : reader_.ReadContent(file.content,
                                           ContentStore::kLargestString);
    if (!bytes.ok()) return bytes.status();
    file.bytes = std::make_shared<const std::string>(*std::move(bytes));
    return absl::OkStatus();
  }
  const auto slot = NewSlot(file.content, info->size);
  if (!slot.ok()) return slot.status();
  file.slot = store().Settle(*slot, file.content);
  return absl::OkStatus();
}

Result<HostFileId> ReplayFiles::AddCopy(ContentId content,
                                        const HostNode& node) {
  OpenedFile file;
  file.content = content;
  file.node = node;
  const absl::Status status = Fill(file);
  if (!status.ok()) {
    player_.Fail(std::string(status.message()));
    return Errno(EIO);
  }
  return Add(std::move(file));
}

absl::Status ReplayFiles::Fetch(ContentStore::Slot slot, ContentId content,
                                uint64_t offset, uint64_t length) {
  const auto found = fetched_.find(slot);
  if (found == fetched_.end()) return absl::OkStatus();
  std::vector<bool>& fetched = found->second;
  const uint64_t end =
      std::min<uint64_t>(Pieces(offset + length), fetched.size());
  std::vector<uint64_t> missing;
  for (uint64_t piece = offset / kPiece; piece < end; ++piece) {
    if (!fetched[piece]) missing.push_back(piece);
  }
  if (missing.size() >= kMany &&
      prefetcher_.UnpackTogether(content, slot, missing)) {
    for (const uint64_t piece : missing) fetched[piece] = true;
    return absl::OkStatus();
  }
  for (const uint64_t piece : missing) {
    buffer_.resize(kPiece);
    const absl::StatusOr<size_t> n =
        reader_.ReadContent(content, piece * kPiece, absl::MakeSpan(buffer_));
    if (!n.ok()) return n.status();
    absl::Status written =
        store().Write(slot, piece * kPiece,
                      absl::MakeConstSpan(buffer_).subspan(0, *n));
    if (!written.ok()) return written;
    fetched[piece] = true;
  }
  return absl::OkStatus();
}

Result<size_t> ReplayFiles::ReadCopy(const OpenedFile& file,
                                     absl::Span<char> out, uint64_t offset) {
  if (offset >= file.node.size) return 0;
  out = out.subspan(
      0, std::min<uint64_t>(out.size(), file.node.size - offset));
  if (file.bytes) {
    ReadString(*file.bytes, offset, out);
    return out.size();
  }
  absl::Status status;
  if (file.dropped) {
    status = ReadDropped(file, offset, out);
  } else {
    status = Fetch(*file.slot, file.content, offset, out.size());
    if (status.ok()) status = store().Read(*file.slot, offset, out);
  }
  if (status.ok()) return out.size();
  player_.Fail(std::string(status.message()));
  return Errno(EIO);
}

void ReplayFiles::Write(OpenedFile& file, absl::Span<const char> bytes,
                        uint64_t offset) {
  if (!file.slot) return;
  const absl::Status status = store().Write(*file.slot, offset, bytes);
  if (!status.ok()) player_.Fail(std::string(status.message()));
}

void ReplayFiles::SetSize(OpenedFile& file, uint64_t size) {
  if (!file.slot) return;
  const absl::Status status = store().SetSize(*file.slot, size);
  if (!status.ok()) player_.Fail(std::string(status.message()));
}

absl::StatusOr<int> ReplayFiles::Descriptor(HostFileId id) {
  OpenedFile* file = Find(id);
  if (file == nullptr) {
    return absl::InternalError(absl::StrCat("file ", id.value, " is not open"));
  }
  absl::Status status;
  if (!file->live) {
    status = Map(*file);
  } else if (!file->slot) {
    status = MapLive(id, *file);
  }
  if (!status.ok()) {
    player_.Fail(std::string(status.message()));
    return status;
  }
  return store().fd();
}

absl::Status ReplayFiles::Map(OpenedFile& file) {
  Pin(file);
  if (file.dropped) {
    absl::Status filled = Fill(file);
    if (!filled.ok()) return filled;
    file.dropped = false;
  }
  if (file.slot) return Fetch(*file.slot, file.content, 0, file.node.size);
  absl::Status status = MoveToStore(file);
  if (status.ok()) fetched_.erase(*file.slot);
  return status;
}

absl::Status ReplayFiles::MapLive(HostFileId id, OpenedFile& file) {
  std::string question;
  AppendVarint(question, id.value);
  auto answer = player_.Ask(InputKind::kMapped, question);
  if (!answer) return absl::AbortedError("the replay is over");
  uint64_t content = 0;
  if (!TakeVarint(*answer, &content) || content >= kNoContent) {
    player_.FailMalformed(InputKind::kMapped);
    return absl::AbortedError("the replay is over");
  }
  const auto id_of_content = static_cast<ContentId>(content);
  const absl::StatusOr<ContentInfo> info = reader_.Content(id_of_content);
  if (!info.ok()) return info.status();
  const absl::StatusOr<ContentStore::Slot> slot =
      NewSlot(id_of_content, info->size);
  if (!slot.ok()) return slot.status();
  // It is not shared: the guest may write to it.
  file.slot = *slot;
  return Fetch(*slot, id_of_content, 0, ContentStore::kSlotSize);
}

}  // namespace emu
