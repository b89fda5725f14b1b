// SPDX-License-Identifier: Apache-2.0
//
// Where a recording's bytes come from and go to: files of the host, or memory
// in tests.

#ifndef EMU_TRACE_BYTE_IO_H_
#define EMU_TRACE_BYTE_IO_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace emu {

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  // It may grow.
  virtual absl::StatusOr<uint64_t> Size() const = 0;
  // Fewer bytes than asked for at the end only.
  virtual absl::StatusOr<size_t> ReadAt(uint64_t offset,
                                        absl::Span<char> out) const = 0;
};

// What was appended can be read again.
class ByteSink : public ByteSource {
 public:
  virtual absl::Status Append(absl::string_view bytes) = 0;
};

class MemorySource : public ByteSource {
 public:
  // `bytes` outlives it.
  explicit MemorySource(absl::string_view bytes) : bytes_(bytes) {}
  absl::StatusOr<uint64_t> Size() const override { return bytes_.size(); }
  absl::StatusOr<size_t> ReadAt(uint64_t offset,
                                absl::Span<char> out) const override {
    if (offset >= bytes_.size()) return 0;
    return bytes_.copy(out.data(), out.size(), offset);
  }

 private:
  absl::string_view bytes_;
};

class MemorySink : public ByteSink {
 public:
  // Appends to `bytes`, which outlives it.
  explicit MemorySink(std::string* bytes) : bytes_(bytes) {}
  absl::StatusOr<uint64_t> Size() const override { return bytes_->size(); }
  absl::StatusOr<size_t> ReadAt(uint64_t offset,
                                absl::Span<char> out) const override {
    return MemorySource(*bytes_).ReadAt(offset, out);
  }
  absl::Status Append(absl::string_view bytes) override {
    bytes_->append(bytes.data(), bytes.size());
    return absl::OkStatus();
  }

 private:
  std::string* bytes_;
};

// Replaces what was there. Errors name the call and the path.
absl::StatusOr<std::unique_ptr<ByteSink>> CreateFileSink(
    const std::string& path);
absl::StatusOr<std::unique_ptr<ByteSource>> OpenFileSource(
    const std::string& path);

}  // namespace emu

#endif  // EMU_TRACE_BYTE_IO_H_
