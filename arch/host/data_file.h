// SPDX-License-Identifier: Apache-2.0
//
// A regular file of the host that holds emu's own data, written from its start
// to its end and read anywhere.

#ifndef ARCH_HOST_DATA_FILE_H_
#define ARCH_HOST_DATA_FILE_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "arch/host/owned_fd.h"

namespace emu {

class DataFile {
 public:
  // Replaces what was there. A new one is for its owner's eyes only.
  static absl::StatusOr<DataFile> Create(const std::string& path);
  // To read. Fails for what is not a regular file.
  static absl::StatusOr<DataFile> Open(const std::string& path);

  absl::StatusOr<uint64_t> Size() const;
  // Fewer bytes than asked for at the end only.
  absl::StatusOr<size_t> ReadAt(uint64_t offset, absl::Span<char> out) const;
  // All of `bytes`, or (on failure) some.
  absl::Status Append(absl::string_view bytes);

 private:
  DataFile(const std::string& path, OwnedFd fd)
      : path_(path), fd_(std::move(fd)) {}
  absl::Status Error(absl::string_view call) const;

  std::string path_;
  OwnedFd fd_;
};

}  // namespace emu

#endif  // ARCH_HOST_DATA_FILE_H_
