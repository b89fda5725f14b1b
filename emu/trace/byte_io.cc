// SPDX-License-Identifier: Apache-2.0

#include "emu/trace/byte_io.h"

#include <utility>

#include "arch/host/data_file.h"

namespace emu {
namespace {

class FileBytes : public ByteSink {
 public:
  explicit FileBytes(DataFile file) : file_(std::move(file)) {}

  absl::StatusOr<uint64_t> Size() const override { return file_.Size(); }
  absl::StatusOr<size_t> ReadAt(uint64_t offset,
                                absl::Span<char> out) const override {
    return file_.ReadAt(offset, out);
  }
  absl::Status Append(absl::string_view bytes) override {
    return file_.Append(bytes);
  }

 private:
  DataFile file_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<ByteSink>> CreateFileSink(
    const std::string& path) {
  auto file = DataFile::Create(path);
  if (!file.ok()) return file.status();
  return std::make_unique<FileBytes>(*std::move(file));
}

absl::StatusOr<std::unique_ptr<ByteSource>> OpenFileSource(
    const std::string& path) {
  auto file = DataFile::Open(path);
  if (!file.ok()) return file.status();
  return std::make_unique<FileBytes>(*std::move(file));
}

}  // namespace emu
