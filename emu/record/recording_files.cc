// SPDX-License-Identifier: Apache-2.0

#include "emu/record/recording_files.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "arch/base/host_status.h"
#include "emu/trace/wire.h"

namespace emu {
namespace {

// How often a file that changes while it is copied is copied again. What the
// last copy holds is what guests see, and the change is told at the end.
constexpr int kAttempts = 3;

bool SameState(const HostNode& a, const HostNode& b) {
  return a.size == b.size && a.mtime == b.mtime;
}

}  // namespace

// The `size` bytes of `file`, or as many as there are, for the recording; and
// for the store, with a slot.
absl::StatusOr<ContentId> RecordingFiles::Store(
    HostTree& tree, HostFileId file, uint64_t size,
    std::optional<ContentStore::Slot> slot) {
  uint64_t done = 0;
  const auto next = [&](absl::Span<char> out) -> absl::StatusOr<size_t> {
    out = out.subspan(0, std::min<uint64_t>(out.size(), size - done));
    if (out.empty()) return 0;
    const Result<size_t> n = tree.ReadAt(file, out, done);
    if (!n.ok()) {
      return HostError(n.error().value(), absl::StrCat("reading at ", done));
    }
    if (slot) {
      absl::Status written = store().Write(*slot, done, out.subspan(0, *n));
      if (!written.ok()) return written;
    }
    done += *n;
    return *n;
  };
  if (!recorder_.stopped()) return writer_.AddContent(next);
  buffer_.resize(256 << 10);
  for (size_t n = 1; n > 0;) {
    absl::StatusOr<size_t> read = next(absl::MakeSpan(buffer_));
    if (!read.ok()) return read.status();
    n = *read;
  }
  return kNoContent;
}

Result<OpenedFile> RecordingFiles::Copy(HostTree& tree, const std::string& path,
                                        const std::string& name) {
  const HostFileId host = TRY(tree.Open(path, /*writable=*/false));
  OpenedFile copy;
  Result<OpenedFile> result = Errno(EIO);
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const Result<HostNode> node = tree.StatFile(host);
    if (!node.ok()) break;
    const ContentStore::Slot slot = store().New();
    const absl::StatusOr<ContentId> content =
        Store(tree, host, node->size, slot);
    if (!content.ok()) {
      store().Release(slot);
      break;
    }
    if (copy.slot) store().Release(*copy.slot);
    copy.slot = store().Settle(slot, *content);
    copy.content = *content;
    copy.node = *node;
    result = copy;
    const Result<HostNode> after = tree.StatFile(host);
    if (!after.ok() || SameState(*node, *after)) break;
  }
  tree.Close(host);
  if (!result.ok() || recorder_.stopped()) return result;
  writer_.AddFile({.path = name,
                   .mode = copy.node.mode,
                   .mtime = copy.node.mtime,
                   .content = copy.content});
  return result;
}

absl::StatusOr<int> RecordingFiles::Descriptor(HostFileId id) {
  OpenedFile* file = Find(id);
  if (file == nullptr) {
    return absl::InternalError(absl::StrCat("file ", id.value, " is not open"));
  }
  if (!file->live) return store().fd();
  if (file->content == kNoContent && !recorder_.stopped()) {
    const Result<HostNode> node = file->tree->StatFile(file->host);
    absl::StatusOr<ContentId> content =
        Store(*file->tree, file->host, node.ok() ? node->size : 0,
              std::nullopt);
    if (!content.ok()) return content.status();
    file->content = *content;
    std::string& record = recorder_.Begin(InputKind::kMapped);
    AppendVarint(record, id.value);
    AppendVarint(record, *content);
    recorder_.Commit();
  }
  return host_.Descriptor(file->host);
}

}  // namespace emu
