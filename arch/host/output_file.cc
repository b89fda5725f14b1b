// SPDX-License-Identifier: Apache-2.0

#include "arch/host/output_file.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"
#include "arch/base/host_status.h"

namespace emu {
namespace {

constexpr size_t kBuffer = 64 * 1024;

}  // namespace

absl::StatusOr<std::unique_ptr<OutputFile>> OutputFile::Create(
    const std::string& path) {
  OwnedFd fd(open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC |
                                    O_NOCTTY,
                  0666));
  if (!fd.valid()) {
    return HostError(errno, absl::StrCat("open(\"", path, "\")"));
  }
  return std::unique_ptr<OutputFile>(new OutputFile(path, std::move(fd)));
}

absl::StatusOr<std::unique_ptr<OutputFile>> OutputFile::StandardOutput() {
  signal(SIGPIPE, SIG_IGN);
  OwnedFd fd(fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0));
  if (!fd.valid()) return HostError(errno, "standard output");
  return std::unique_ptr<OutputFile>(
      new OutputFile("standard output", std::move(fd)));
}

OutputFile::OutputFile(const std::string& path, OwnedFd fd)
    : path_(path), fd_(std::move(fd)) {}

OutputFile::~OutputFile() { Flush(); }

void OutputFile::Append(absl::string_view text) {
  absl::StrAppend(&buffer_, text);
  if (buffer_.size() >= kBuffer) Flush();
}

absl::Status OutputFile::Close() {
  Flush();
  return status_;
}

void OutputFile::Flush() {
  absl::string_view rest = buffer_;
  while (!rest.empty() && status_.ok()) {
    const ssize_t n = write(fd_.get(), rest.data(), rest.size());
    if (n >= 0) {
      rest.remove_prefix(n);
    } else if (errno != EINTR) {
      status_ = HostError(errno, absl::StrCat("write(\"", path_, "\")"));
    }
  }
  buffer_.clear();
}

}  // namespace emu
