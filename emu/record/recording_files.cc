// SPDX-License-Identifier: Apache-2.0

#include "emu/record/recording_files.h"

#include <algorithm>
#include <memory>

#include "absl/strings/str_cat.h"
#include "arch/base/host_status.h"
#include "emu/trace/byte_io.h"
#include "emu/trace/wire.h"

namespace emu {
namespace {

// How often a file that changes while it is copied is copied again. What the
// last copy holds is what guests see, and the change is told at the end.
constexpr int kAttempts = 3;

// As much as is copied at a time.
constexpr size_t kPiece = 256 << 10;

bool SameState(const HostNode& a, const HostNode& b) {
  return a.size == b.size && a.mtime == b.mtime;
}

// What a slot holds, and the slot until that is written.
class SlotBytes : public ByteSource {
 public:
  SlotBytes(ContentStore& store, ContentStore::Slot slot, uint64_t size)
      : store_(store), slot_(slot), size_(size) {
    store_.Keep(slot_);
  }
  ~SlotBytes() override { store_.Release(slot_); }

  absl::StatusOr<uint64_t> Size() const override { return size_; }
  absl::StatusOr<size_t> ReadAt(uint64_t offset,
                                absl::Span<char> out) const override {
    out = out.subspan(
        0, std::min<uint64_t>(out.size(), size_ - std::min(size_, offset)));
    absl::Status status = store_.Read(slot_, offset, out);
    if (!status.ok()) return status;
    return out.size();
  }

 private:
  ContentStore& store_;
  const ContentStore::Slot slot_;
  const uint64_t size_;
};

}  // namespace

// Copies the `size` bytes of `file`, or as many as there are, to a new slot.
absl::StatusOr<RecordingFiles::Stored> RecordingFiles::Store(HostTree& tree,
                                                             HostFileId file,
                                                             uint64_t size) {
  buffer_.resize(kPiece);
  Stored stored = {.slot = store().New()};
  while (stored.size < size) {
    const absl::Span<char> out(buffer_.data(),
                               std::min<uint64_t>(kPiece, size - stored.size));
    const Result<size_t> n = tree.ReadAt(file, out, stored.size);
    absl::Status status;
    if (!n.ok()) {
      status = HostError(n.error().value(),
                         absl::StrCat("reading at ", stored.size));
    } else {
      status = store().Write(stored.slot, stored.size, out.subspan(0, *n));
    }
    if (!status.ok()) {
      store().Release(stored.slot);
      return status;
    }
    if (*n == 0) break;
    stored.size += *n;
  }
  return stored;
}

ContentId RecordingFiles::Record(const Stored& stored) {
  if (recorder_.stopped()) return kNoContent;
  return writer_.AddContent(
      std::make_unique<SlotBytes>(store(), stored.slot, stored.size));
}

Result<OpenedFile> RecordingFiles::Copy(HostTree& tree, const std::string& path,
                                        const std::string& name) {
  const HostFileId host = TRY(tree.Open(path, /*writable=*/false));
  OpenedFile copy;
  uint64_t copied = 0;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const Result<HostNode> node = tree.StatFile(host);
    if (!node.ok()) break;
    const absl::StatusOr<Stored> stored = Store(tree, host, node->size);
    if (!stored.ok()) break;
    if (copy.slot) store().Release(*copy.slot);
    copy.slot = stored->slot;
    copy.node = *node;
    copied = stored->size;
    const Result<HostNode> after = tree.StatFile(host);
    if (!after.ok() || SameState(*node, *after)) break;
  }
  tree.Close(host);
  if (!copy.slot) return Errno(EIO);
  copy.content = Record({*copy.slot, copied});
  if (recorder_.stopped()) return copy;
  writer_.AddFile({.path = name,
                   .mode = copy.node.mode,
                   .mtime = copy.node.mtime,
                   .content = copy.content});
  return copy;
}

absl::StatusOr<int> RecordingFiles::Descriptor(HostFileId id) {
  OpenedFile* file = Find(id);
  if (file == nullptr) {
    return absl::InternalError(absl::StrCat("file ", id.value, " is not open"));
  }
  if (!file->live) return store().fd();
  if (file->content == kNoContent && !recorder_.stopped()) {
    const Result<HostNode> node = file->tree->StatFile(file->host);
    const absl::StatusOr<Stored> stored =
        Store(*file->tree, file->host, node.ok() ? node->size : 0);
    if (!stored.ok()) return stored.status();
    file->content = Record(*stored);
    store().Release(stored->slot);
    std::string& record = recorder_.Begin(InputKind::kMapped);
    AppendVarint(record, id.value);
    AppendVarint(record, file->content);
    recorder_.Commit();
  }
  return host_.Descriptor(file->host);
}

}  // namespace emu
