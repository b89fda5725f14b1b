// SPDX-License-Identifier: Apache-2.0

#include "emu/record/recording_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "arch/base/host_status.h"
#include "arch/host/owned_fd.h"
#include "emu/trace/byte_io.h"
#include "emu/trace/wire.h"

namespace emu {
namespace {

// How often a file that changes while it is copied is copied again. What the
// last copy holds is what guests see, and the change is told at the end.
constexpr int kAttempts = 3;

// As much as is copied at a time.
constexpr size_t kPiece = 256 << 10;

// Larger copies are where guests can map them at once. Guests read most of those
// that are not of packages, and map few.
constexpr uint64_t kLargestString = 1 << 20;

// What is lent has a descriptor of its own until it is written.
constexpr uint64_t kSmallestLent = 64 << 10;

// Whether it is as it was unpacked: with the whole second that its package had
// for it, and others may not write to it.
bool IsOfPackage(const HostNode& node) {
  return S_ISREG(node.mode) && node.mtime % 1'000'000'000 == 0 &&
         (node.mode & (S_IWGRP | S_IWOTH)) == 0;
}

bool SameState(const HostNode& a, const HostNode& b) {
  return a.size == b.size && a.mtime == b.mtime;
}

// The `size` bytes of `file`, or as many as there are.
Result<std::string> ReadAll(HostTree& tree, HostFileId file, uint64_t size) {
  std::string bytes(size, '\0');
  uint64_t done = 0;
  while (done < size) {
    const absl::Span<char> rest = absl::MakeSpan(bytes).subspan(done);
    const size_t n = TRY(tree.ReadAt(file, rest, done));
    if (n == 0) break;
    done += n;
  }
  bytes.resize(done);
  return bytes;
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

// What a file that is kept as a string holds.
class StringBytes : public ByteSource {
 public:
  explicit StringBytes(std::shared_ptr<const std::string> bytes)
      : bytes_(std::move(bytes)) {}

  absl::StatusOr<uint64_t> Size() const override { return bytes_->size(); }
  absl::StatusOr<size_t> ReadAt(uint64_t offset,
                                absl::Span<char> out) const override {
    return MemorySource(*bytes_).ReadAt(offset, out);
  }

 private:
  const std::shared_ptr<const std::string> bytes_;
};

// What a file of the host holds, `size` bytes from `start` on.
class LentBytes : public ByteSource {
 public:
  LentBytes(OwnedFd fd, uint64_t start, uint64_t size)
      : fd_(std::move(fd)), start_(start), size_(size) {}

  absl::StatusOr<uint64_t> Size() const override { return size_; }
  absl::StatusOr<size_t> ReadAt(uint64_t offset,
                                absl::Span<char> out) const override {
    out = out.subspan(
        0, std::min<uint64_t>(out.size(), size_ - std::min(size_, offset)));
    for (size_t done = 0; done < out.size();) {
      const ssize_t n = pread(fd_.get(), out.data() + done, out.size() - done,
                              static_cast<off_t>(start_ + offset + done));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) {
        return HostError(errno, absl::StrCat("pread(", fd_.get(), ", ",
                                             out.size() - done, " bytes)"));
      }
      if (n == 0) return done;
      done += n;
    }
    return out.size();
  }

 private:
  const OwnedFd fd_;
  const uint64_t start_;
  const uint64_t size_;
};

}  // namespace

std::optional<OpenedFile> RecordingFiles::Lend(HostTree& tree, HostFileId file,
                                               const HostNode& node) {
  if (node.size < kSmallestLent || !IsOfPackage(node) ||
      !tree.CanMap(file, /*shared=*/true)) {
    return std::nullopt;
  }
  const absl::StatusOr<int> used = host_.Descriptor(file);
  if (!used.ok()) return std::nullopt;
  OwnedFd own(fcntl(*used, F_DUPFD_CLOEXEC, 3));
  if (!own.valid()) return std::nullopt;
  OpenedFile lent = {.node = node, .tree = &tree, .host = file};
  if (!recorder_.stopped()) {
    lent.content = writer_.AddContent(std::make_unique<LentBytes>(
        std::move(own), host_.Start(file), node.size));
  }
  return lent;
}

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

Result<OpenedFile> RecordingFiles::Copy(HostTree& tree, HostFileId host,
                                        HostNode node) {
  OpenedFile copy;
  uint64_t copied = 0;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    if (node.size <= kLargestString) {
      Result<std::string> bytes = ReadAll(tree, host, node.size);
      if (!bytes.ok()) break;
      copy.bytes = std::make_shared<const std::string>(bytes.Take());
    } else {
      const absl::StatusOr<Stored> stored = Store(tree, host, node.size);
      if (!stored.ok()) break;
      if (copy.slot) store().Release(*copy.slot);
      copy.bytes.reset();
      copy.slot = stored->slot;
      copied = stored->size;
    }
    copy.node = node;
    const Result<HostNode> after = tree.StatFile(host);
    if (!after.ok() || SameState(node, *after)) break;
    node = *after;
  }
  if (copy.bytes) {
    if (copy.slot) store().Release(*std::exchange(copy.slot, std::nullopt));
    if (!recorder_.stopped()) {
      copy.content =
          writer_.AddContent(std::make_unique<StringBytes>(copy.bytes));
    }
    return copy;
  }
  if (!copy.slot) return Errno(EIO);
  copy.content = Record({*copy.slot, copied});
  return copy;
}

Result<OpenedFile> RecordingFiles::Open(HostTree& tree, const std::string& path,
                                        const std::string& name) {
  const HostFileId host = TRY(tree.Open(path, /*writable=*/false));
  const Result<HostNode> node = tree.StatFile(host);
  std::optional<OpenedFile> opened;
  if (node.ok()) opened = Lend(tree, host, *node);
  if (!opened) {
    Result<OpenedFile> copy =
        node.ok() ? Copy(tree, host, *node) : Result<OpenedFile>(node.error());
    tree.Close(host);
    opened = TRY(std::move(copy));
  }
  if (recorder_.stopped()) return *std::move(opened);
  writer_.AddFile({.path = name,
                   .mode = opened->node.mode,
                   .mtime = opened->node.mtime,
                   .content = opened->content});
  return *std::move(opened);
}

uint64_t RecordingFiles::Start(HostFileId id) {
  OpenedFile* file = Find(id);
  if (file == nullptr || file->slot) return RecordedFiles::Start(id);
  return host_.Start(file->host);
}

absl::StatusOr<int> RecordingFiles::Descriptor(HostFileId id) {
  OpenedFile* file = Find(id);
  if (file == nullptr) {
    return absl::InternalError(absl::StrCat("file ", id.value, " is not open"));
  }
  const absl::Status moved = MoveToStore(*file);
  if (!moved.ok()) return moved;
  Pin(*file);
  if (file->slot) return store().fd();
  if (!file->live) return host_.Descriptor(file->host);
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
