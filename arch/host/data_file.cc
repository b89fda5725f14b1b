// SPDX-License-Identifier: Apache-2.0

#include "arch/host/data_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"
#include "arch/base/host_status.h"

namespace emu {

absl::StatusOr<DataFile> DataFile::Create(const std::string& path) {
  OwnedFd fd(open(path.c_str(),
                  O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0600));
  if (!fd.valid()) {
    return HostError(errno, absl::StrCat("open(\"", path, "\")"));
  }
  return DataFile(path, std::move(fd));
}

absl::StatusOr<DataFile> DataFile::Open(const std::string& path) {
  // Without O_NONBLOCK, a FIFO would wait for its writer.
  OwnedFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  if (!fd.valid()) {
    return HostError(errno, absl::StrCat("open(\"", path, "\")"));
  }
  struct stat st;
  if (fstat(fd.get(), &st) != 0) {
    return HostError(errno, absl::StrCat("fstat(\"", path, "\")"));
  }
  if (!S_ISREG(st.st_mode)) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": not a regular file"));
  }
  return DataFile(path, std::move(fd));
}

absl::Status DataFile::Error(absl::string_view call) const {
  return HostError(errno, absl::StrCat(call, "(\"", path_, "\")"));
}

absl::StatusOr<uint64_t> DataFile::Size() const {
  struct stat st;
  if (fstat(fd_.get(), &st) != 0) return Error("fstat");
  return static_cast<uint64_t>(st.st_size);
}

absl::StatusOr<size_t> DataFile::ReadAt(uint64_t offset,
                                        absl::Span<char> out) const {
  size_t done = 0;
  while (done < out.size()) {
    const ssize_t n = pread(fd_.get(), out.data() + done, out.size() - done,
                            static_cast<off_t>(offset + done));
    if (n == 0) break;
    if (n > 0) {
      done += n;
    } else if (errno != EINTR) {
      return Error("pread");
    }
  }
  return done;
}

absl::Status DataFile::Append(absl::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = write(fd_.get(), bytes.data(), bytes.size());
    if (n >= 0) {
      bytes.remove_prefix(n);
    } else if (errno != EINTR) {
      return Error("write");
    }
  }
  return absl::OkStatus();
}

}  // namespace emu
