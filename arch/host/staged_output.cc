// SPDX-License-Identifier: Apache-2.0

#include "arch/host/staged_output.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "arch/base/host_status.h"

namespace emu {
namespace {

constexpr Nanos kSecond = 1'000'000'000;
constexpr size_t kChunk = 256 * 1024;

absl::Status CallError(absl::string_view call, const std::string& path) {
  return HostError(errno, absl::StrCat(call, "(\"", path, "\")"));
}

std::string DirectoryOf(const std::string& path) {
  const size_t slash = path.find_last_not_of('/') == std::string::npos
                           ? std::string::npos
                           : path.rfind('/', path.find_last_not_of('/'));
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

std::string WithoutSlashes(const std::string& path) {
  const size_t last = path.find_last_not_of('/');
  return last == std::string::npos ? path : path.substr(0, last + 1);
}

std::string NextStagedName(const std::string& path) {
  static int count = 0;
  return absl::StrCat(DirectoryOf(path), "/.emu-export-", getpid(), "-",
                      ++count);
}

void RemoveTree(const std::string& path) {
  std::error_code ignored;
  std::filesystem::remove_all(path, ignored);
}

void SetTime(const std::string& path, Nanos mtime) {
  Nanos seconds = mtime / kSecond;
  if (mtime % kSecond < 0) --seconds;
  const timespec time = {.tv_sec = seconds, .tv_nsec = mtime - seconds * kSecond};
  const timespec times[2] = {time, time};
  utimensat(AT_FDCWD, path.c_str(), times, AT_SYMLINK_NOFOLLOW);
}

absl::Status SyncDirectory(const std::string& path) {
  const OwnedFd fd(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid()) return CallError("open", path);
  // Some file systems cannot: they keep what they are told at once.
  if (fsync(fd.get()) != 0 && errno != EINVAL) return CallError("fsync", path);
  return absl::OkStatus();
}

}  // namespace

// In the order of their coming; modes and times are set from the last to the
// first, so that none keeps others from being written.
struct StagedOutput::DirectoryModes {
  struct Entry {
    std::string path;
    uint32_t mode;
    Nanos mtime;
  };
  std::vector<Entry> entries;
};

absl::Status StagedOutput::Check(const std::string& path) {
  const std::string directory = DirectoryOf(path);
  if (access(directory.c_str(), W_OK | X_OK) != 0) {
    return CallError("access", directory);
  }
  std::error_code ignored;
  const auto status = std::filesystem::symlink_status(path, ignored);
  const bool free =
      !std::filesystem::exists(status) ||
      std::filesystem::is_regular_file(status) ||
      (std::filesystem::is_directory(status) &&
       std::filesystem::is_empty(path, ignored));
  if (free) return absl::OkStatus();
  return absl::AlreadyExistsError(
      absl::StrCat(path, " exists already, and would be replaced"));
}

StagedOutput::StagedOutput(const std::string& path)
    : path_(WithoutSlashes(path)),
      staged_(NextStagedName(path)),
      directories_(std::make_unique<DirectoryModes>()) {}

absl::StatusOr<std::unique_ptr<StagedOutput>> StagedOutput::Create(
    const std::string& path) {
  auto output = std::unique_ptr<StagedOutput>(new StagedOutput(path));
  absl::Status status = Check(output->path_);
  if (status.ok()) status = output->StartGuardian();
  if (!status.ok()) return status;
  return output;
}

absl::Status StagedOutput::StartGuardian() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return HostError(errno, "pipe2()");
  OwnedFd read_end(ends[0]);
  guardian_pipe_.Reset(ends[1]);
  // What ends emu must not end it.
  sigset_t all, before;
  sigfillset(&all);
  sigprocmask(SIG_BLOCK, &all, &before);
  guardian_ = fork();
  if (guardian_ == 0) {
    guardian_pipe_.Reset();
    char done = 0;
    // The end of the pipe, without a byte, is the end of emu.
    while (read(read_end.get(), &done, 1) < 0 && errno == EINTR) {
    }
    if (done == 0) RemoveTree(staged_);
    _exit(0);
  }
  const int error = errno;
  sigprocmask(SIG_SETMASK, &before, nullptr);
  if (guardian_ < 0) return HostError(error, "fork()");
  return absl::OkStatus();
}

StagedOutput::~StagedOutput() {
  if (guardian_ < 0) return;
  if (!committed_) Remove();
  const char done = 1;
  if (write(guardian_pipe_.get(), &done, 1) < 0) {
    // It is gone: there is nobody to tell.
  }
  guardian_pipe_.Reset();
  while (waitpid(guardian_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

void StagedOutput::Remove() { RemoveTree(staged_); }

std::string StagedOutput::StagedPath(const std::string& name) const {
  return name.empty() ? staged_ : absl::StrCat(staged_, "/", name);
}

absl::Status StagedOutput::AddDirectory(const std::string& name, uint32_t mode,
                                        Nanos mtime) {
  const std::string path = StagedPath(name);
  if (mkdir(path.c_str(), 0700) != 0) return CallError("mkdir", path);
  directories_->entries.push_back({path, mode, mtime});
  return absl::OkStatus();
}

absl::Status StagedOutput::AddFile(const std::string& name, uint32_t mode,
                                   Nanos mtime, Reader read) {
  const std::string path = StagedPath(name);
  const OwnedFd fd(
      open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!fd.valid()) return CallError("open", path);
  std::vector<char> chunk(kChunk);
  for (;;) {
    absl::StatusOr<size_t> n = read(absl::MakeSpan(chunk));
    if (!n.ok()) return n.status();
    if (*n == 0) break;
    for (size_t done = 0; done < *n;) {
      const ssize_t written = write(fd.get(), &chunk[done], *n - done);
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return CallError("write", path);
      done += written;
    }
  }
  if (fchmod(fd.get(), mode & 07777) != 0) return CallError("fchmod", path);
  SetTime(path, mtime);
  if (fsync(fd.get()) != 0) return CallError("fsync", path);
  return absl::OkStatus();
}

absl::Status StagedOutput::AddSymlink(const std::string& name,
                                      const std::string& target, Nanos mtime) {
  const std::string path = StagedPath(name);
  if (symlink(target.c_str(), path.c_str()) != 0) {
    return CallError("symlink", path);
  }
  SetTime(path, mtime);
  return absl::OkStatus();
}

absl::Status StagedOutput::AddFifo(const std::string& name, uint32_t mode,
                                   Nanos mtime) {
  const std::string path = StagedPath(name);
  if (mkfifo(path.c_str(), 0600) != 0) return CallError("mkfifo", path);
  if (chmod(path.c_str(), mode & 07777) != 0) return CallError("chmod", path);
  SetTime(path, mtime);
  return absl::OkStatus();
}

absl::Status StagedOutput::Commit() {
  auto& entries = directories_->entries;
  for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry) {
    absl::Status status = SyncDirectory(entry->path);
    if (!status.ok()) return status;
    SetTime(entry->path, entry->mtime);
    if (chmod(entry->path.c_str(), entry->mode & 07777) != 0) {
      return CallError("chmod", entry->path);
    }
  }
  if (rename(staged_.c_str(), path_.c_str()) != 0) {
    return HostError(errno, absl::StrCat("rename(\"", staged_, "\", \"", path_,
                                         "\")"));
  }
  committed_ = true;
  return SyncDirectory(DirectoryOf(path_));
}

}  // namespace emu
