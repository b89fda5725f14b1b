// SPDX-License-Identifier: Apache-2.0
//
// A file or directory that appears on the host whole or not at all: it is
// written under another name beside its own and renamed at the end. A second
// process waits for emu's end meanwhile and removes what was begun, so that not
// even SIGKILL leaves a part of it behind.

#ifndef ARCH_HOST_STAGED_OUTPUT_H_
#define ARCH_HOST_STAGED_OUTPUT_H_

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "arch/env.h"
#include "arch/host/owned_fd.h"

namespace emu {

class StagedOutput {
 public:
  // The next bytes of a file's content; 0 at its end.
  using Reader = absl::FunctionRef<absl::StatusOr<size_t>(absl::Span<char>)>;

  // Whether something could be put at `path`: its directory is there and
  // writable, and there is nothing or a regular file or an empty directory.
  static absl::Status Check(const std::string& path);

  static absl::StatusOr<std::unique_ptr<StagedOutput>> Create(
      const std::string& path);
  // Without Commit, nothing is left.
  ~StagedOutput();
  StagedOutput(const StagedOutput&) = delete;
  StagedOutput& operator=(const StagedOutput&) = delete;

  // `name` is relative to what is put out; "" is that itself. Directories come
  // before what is in them. Times of directories are set by Commit.
  absl::Status AddDirectory(const std::string& name, uint32_t mode,
                            Nanos mtime);
  absl::Status AddFile(const std::string& name, uint32_t mode, Nanos mtime,
                       Reader read);
  absl::Status AddSymlink(const std::string& name, const std::string& target,
                          Nanos mtime);
  absl::Status AddFifo(const std::string& name, uint32_t mode, Nanos mtime);

  // All of it is on the disk and has its name.
  absl::Status Commit();

 private:
  explicit StagedOutput(const std::string& path);

  absl::Status StartGuardian();
  std::string StagedPath(const std::string& name) const;
  void Remove();

  const std::string path_;
  const std::string staged_;  // the other name
  OwnedFd guardian_pipe_;     // closed: the guardian acts
  pid_t guardian_ = -1;
  struct DirectoryModes;
  std::unique_ptr<DirectoryModes> directories_;
  bool committed_ = false;
};

}  // namespace emu

#endif  // ARCH_HOST_STAGED_OUTPUT_H_
