// SPDX-License-Identifier: Apache-2.0
//
// A file of the host that emu writes from its start to its end: a trace, a
// report.

#ifndef ARCH_HOST_OUTPUT_FILE_H_
#define ARCH_HOST_OUTPUT_FILE_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "arch/host/owned_fd.h"

namespace emu {

class OutputFile {
 public:
  // Replaces what was there.
  static absl::StatusOr<std::unique_ptr<OutputFile>> Create(
      const std::string& path);
  // emu's standard output. Whoever closes its other end no longer ends emu: that
  // is an error like others.
  static absl::StatusOr<std::unique_ptr<OutputFile>> StandardOutput();
  // Writes what is buffered.
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  // The first failure is told by Close, and what follows it is dropped.
  void Append(absl::string_view text);
  // What was appended is there from now on, whatever becomes of emu.
  void Flush();
  absl::Status Close();
  bool failed() const { return !status_.ok(); }

 private:
  OutputFile(const std::string& path, OwnedFd fd);

  const std::string path_;
  OwnedFd fd_;
  std::string buffer_;
  absl::Status status_;
};

}  // namespace emu

#endif  // ARCH_HOST_OUTPUT_FILE_H_
