// SPDX-License-Identifier: Apache-2.0

#include "arch/host/host_tree_live.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "arch/page_store.h"

namespace emu {
namespace {

// Directories whose descriptors are kept: about as many as a depth-first walk
// has above it.
constexpr size_t kDirectories = 16;
constexpr Nanos kSecond = 1'000'000'000;

// Of include/uapi/linux/magic.h, but for two that it does not have.
constexpr uint32_t kViewsOfTheKernel[] = {
    PROC_SUPER_MAGIC,      SYSFS_MAGIC,         DEVPTS_SUPER_MAGIC,
    CGROUP_SUPER_MAGIC,    CGROUP2_SUPER_MAGIC, DEBUGFS_MAGIC,
    TRACEFS_MAGIC,         SECURITYFS_MAGIC,    SELINUX_MAGIC,
    BPF_FS_MAGIC,          EFIVARFS_MAGIC,      PSTOREFS_MAGIC,
    AUTOFS_SUPER_MAGIC,    NSFS_MAGIC,          BINFMTFS_MAGIC,
    0x62656570 /*configfs*/, 0x65735543 /*fusectl*/,
};

Result<> Done(int returned) {
  if (returned < 0) return Errno(errno);
  return {};
}

timespec ToTimespec(Nanos nanos) {
  // Rounded down: the nanoseconds count upwards before 1970 too.
  Nanos seconds = nanos / kSecond;
  if (nanos % kSecond < 0) --seconds;
  return {.tv_sec = seconds, .tv_nsec = nanos - seconds * kSecond};
}

// What getdents64(2) writes.
struct RawEntry {
  uint64_t inode;
  int64_t next;
  uint16_t length;
  uint8_t type;
  char name[];
};

Result<std::vector<HostDirEntry>> ReadDirectory(int fd) {
  std::vector<HostDirEntry> entries;
  alignas(RawEntry) char buffer[32 * 1024];
  if (lseek(fd, 0, SEEK_SET) < 0) return Errno(errno);
  for (;;) {
    const long n = syscall(SYS_getdents64, fd, buffer, sizeof(buffer));
    if (n < 0) return Errno(errno);
    if (n == 0) break;
    for (long at = 0; at < n;) {
      const auto* raw = reinterpret_cast<const RawEntry*>(buffer + at);
      const absl::string_view name = raw->name;
      if (name != "." && name != "..") {
        entries.push_back({std::string(name),
                           static_cast<uint32_t>(DTTOIF(raw->type))});
      }
      at += raw->length;
    }
  }
  std::sort(entries.begin(), entries.end(),
            [](const HostDirEntry& a, const HostDirEntry& b) {
              return a.name < b.name;
            });
  return entries;
}

bool SameTime(const timespec& a, const timespec& b) {
  return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

bool SameObject(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

bool SameContent(const struct stat& a, const struct stat& b) {
  return a.st_size == b.st_size && SameTime(a.st_mtim, b.st_mtim);
}

absl::string_view Parent(absl::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == absl::string_view::npos ? "" : path.substr(0, slash);
}

const char* BaseName(const std::string& path) {
  const size_t slash = path.rfind('/');
  return path.c_str() + (slash == std::string::npos ? 0 : slash + 1);
}

}  // namespace

absl::StatusOr<std::unique_ptr<LiveHostTree>> LiveHostTree::Open(
    const std::string& host_path, bool writable, OpenFiles& files, Owns owns) {
  absl::StatusOr<ConfinedRoot> root = ConfinedRoot::Open(host_path);
  if (!root.ok()) return root.status();
  if (access("/proc/self/fd", X_OK) != 0) {
    return absl::FailedPreconditionError(
        "emu needs /proc to be mounted on the host");
  }
  return std::unique_ptr<LiveHostTree>(
      new LiveHostTree(*std::move(root), writable, files, std::move(owns)));
}

HostNode LiveHostTree::ToNode(const std::string& path,
                              const struct stat& st) const {
  return {.mode = st.st_mode,
          .size = static_cast<uint64_t>(st.st_size),
          .nlink = static_cast<uint32_t>(st.st_nlink),
          .mtime = st.st_mtim.tv_sec * kSecond + st.st_mtim.tv_nsec,
          .owned = owns_ ? owns_(path, st) : st.st_uid == user_,
          .device = st.st_dev,
          .inode = st.st_ino};
}

Result<OwnedFd> LiveHostTree::Reopen(const std::string& path,
                                     const struct stat& then, bool writable) {
  const Result<OwnedFd> object = root_.Open(path, O_PATH);
  struct stat now = {};
  if (!object.ok() || fstat(object->get(), &now) != 0 ||
      !SameObject(now, then)) {
    return Errno(ESTALE);
  }
  // Nobody but guests is expected to change what is bound writable.
  if (!writable_ && !(SameContent(now, then) &&
                      SameTime(now.st_ctim, then.st_ctim))) {
    return Errno(ESTALE);
  }
  return emu::Reopen(object->get(),
                     (writable ? O_RDWR : O_RDONLY) | O_NONBLOCK);
}

bool LiveHostTree::Changed(const std::string& path, const struct stat& then,
                           int fd) {
  if (writable_) return false;
  struct stat now = {};
  if (fd >= 0) return fstat(fd, &now) != 0 || !SameContent(now, then);
  const Result<OwnedFd> object = root_.Open(path, O_PATH);
  return !object.ok() || fstat(object->get(), &now) != 0 ||
         !SameObject(now, then) || !SameContent(now, then);
}

std::string LiveHostTree::Name(const std::string& path) {
  const std::string& root = root_.host_path();
  if (path.empty()) return root;
  return absl::StrCat(root, absl::EndsWith(root, "/") ? "" : "/", path);
}

bool LiveHostTree::IsImported(int dir, dev_t device) {
  for (const auto& [known, imported] : devices_) {
    if (known == device) return imported;
  }
  struct statfs fs = {};
  const bool imported =
      fstatfs(dir, &fs) == 0 &&
      std::find(std::begin(kViewsOfTheKernel), std::end(kViewsOfTheKernel),
                static_cast<uint32_t>(fs.f_type)) ==
          std::end(kViewsOfTheKernel);
  devices_.emplace_back(device, imported);
  return imported;
}

// The directory at `path`, opened for reading (`to_list`) or only to look names
// up. Others may rename directories under a writable tree: there nothing is
// remembered.
Result<LiveHostTree::Directory*> LiveHostTree::FindDirectory(
    absl::string_view path, bool to_list) {
  auto found = directories_.begin();
  if (writable_) {
    directories_.clear();
    found = directories_.end();
  }
  while (found != directories_.end() && found->path != path) ++found;
  const bool known = found != directories_.end();
  if (known && (found->readable || !to_list)) {
    std::rotate(directories_.begin(), found, found + 1);
    return &directories_.front();
  }
  const std::string owned_path(path);
  OwnedFd fd = TRY(root_.Open(
      owned_path, O_DIRECTORY | (to_list ? O_RDONLY | O_NONBLOCK : O_PATH)));
  struct stat st = {};
  if (fstat(fd.get(), &st) != 0) return Errno(errno);
  const bool imported = IsImported(fd.get(), st.st_dev);
  if (known) directories_.erase(found);
  if (directories_.size() == kDirectories) directories_.pop_back();
  directories_.insert(directories_.begin(),
                      {owned_path, std::move(fd), to_list, imported});
  return &directories_.front();
}

Result<LiveHostTree::Place> LiveHostTree::Locate(const std::string& path) {
  if (path.empty()) return Place{root_.fd(), ""};
  const Directory* dir = TRY(FindDirectory(Parent(path), false));
  if (!dir->imported) return Errno(ENOENT);
  return Place{dir->fd.get(), BaseName(path)};
}

Result<LiveHostTree::Place> LiveHostTree::LocateToChange(
    const std::string& path) {
  if (!writable_) return Errno(EROFS);
  if (path.empty()) return Errno(EBUSY);
  return Locate(path);
}

Result<HostNode> LiveHostTree::Stat(const std::string& path) {
  const Place place = TRY(Locate(path));
  struct stat st = {};
  TRY(Done(fstatat(place.dir, place.name, &st,
                   AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT)));
  return ToNode(path, st);
}

Result<std::vector<HostDirEntry>> LiveHostTree::List(const std::string& path) {
  const Directory* dir = TRY(FindDirectory(path, true));
  if (!dir->imported) return std::vector<HostDirEntry>();
  return ReadDirectory(dir->fd.get());
}

Result<std::string> LiveHostTree::ReadLink(const std::string& path) {
  const Place place = TRY(Locate(path));
  char target[PATH_MAX];
  const ssize_t n = readlinkat(place.dir, place.name, target, sizeof(target));
  if (n < 0) return Errno(errno);
  return std::string(target, n);
}

Result<HostFileId> LiveHostTree::Open(const std::string& path, bool writable) {
  if (writable && !writable_) return Errno(EROFS);
  const Place place = TRY(Locate(path));
  struct stat st = {};
  OwnedFd fd = TRY(OpenRegular(place, writable, &st));
  return files_.Add(*this, path, writable, std::move(fd), st);
}

// Looks before it opens. In a tree that nobody is expected to change, a look at
// the name is enough; that nothing took its place is seen afterwards.
Result<OwnedFd> LiveHostTree::OpenRegular(const Place& place, bool writable,
                                          struct stat* st) {
  const int flags =
      (writable ? O_RDWR : O_RDONLY) | O_NONBLOCK | O_CLOEXEC | O_NOCTTY;
  OwnedFd object;
  int path_fd = place.dir;
  if (writable_ && *place.name != '\0') {
    object.Reset(openat(place.dir, place.name, O_PATH | O_NOFOLLOW | O_CLOEXEC));
    if (!object.valid()) return Errno(errno);
    path_fd = object.get();
  }
  const bool by_name = !writable_ && *place.name != '\0';
  TRY(Done(fstatat(path_fd, by_name ? place.name : "", st,
                   AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT)));
  if (S_ISDIR(st->st_mode)) return Errno(EISDIR);
  if (S_ISLNK(st->st_mode)) return Errno(ELOOP);
  if (!S_ISREG(st->st_mode)) return Errno(EINVAL);
  if (!by_name) return emu::Reopen(path_fd, flags);
  OwnedFd fd(openat(path_fd, place.name, flags | O_NOFOLLOW));
  if (!fd.valid()) return Errno(errno);
  struct stat opened = {};
  TRY(Done(fstat(fd.get(), &opened)));
  if (!SameObject(*st, opened)) return Errno(ESTALE);
  *st = opened;
  return fd;
}

void LiveHostTree::Close(HostFileId file) { files_.Remove(file); }

Result<size_t> LiveHostTree::ReadAt(HostFileId file, absl::Span<char> out,
                                    uint64_t offset) {
  const int fd = TRY(files_.Use(file));
  size_t done = 0;
  while (done < out.size()) {
    const ssize_t n = pread(fd, out.data() + done, out.size() - done,
                            static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && done == 0) return Errno(errno);
    if (n <= 0) break;
    done += n;
  }
  return done;
}

Result<HostNode> LiveHostTree::StatFile(HostFileId file) {
  const int fd = TRY(files_.Use(file));
  struct stat st = {};
  TRY(Done(fstat(fd, &st)));
  return ToNode(files_.Path(file), st);
}

bool LiveHostTree::CanMap(HostFileId file, bool shared) {
  const Result<int> fd = files_.Use(file);
  if (!fd.ok()) return false;
  void* page = mmap(nullptr, kPageSize, PROT_READ,
                    shared ? MAP_SHARED : MAP_PRIVATE, *fd, 0);
  if (page == MAP_FAILED) return false;
  munmap(page, kPageSize);
  return true;
}

Result<size_t> LiveHostTree::WriteAt(HostFileId file,
                                     absl::Span<const char> bytes,
                                     uint64_t offset) {
  if (!writable_) return Errno(EROFS);
  const int fd = TRY(files_.Use(file));
  size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t n = pwrite(fd, bytes.data() + done, bytes.size() - done,
                             static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && done == 0) return Errno(errno);
    if (n <= 0) break;
    done += n;
  }
  return done;
}

Result<> LiveHostTree::Truncate(HostFileId file, uint64_t size) {
  if (!writable_) return Errno(EROFS);
  const int fd = TRY(files_.Use(file));
  return Done(ftruncate(fd, static_cast<off_t>(size)));
}

Result<> LiveHostTree::Sync(HostFileId file) {
  if (!writable_) return Errno(EROFS);
  const int fd = TRY(files_.Use(file));
  return Done(fsync(fd));
}

Result<> LiveHostTree::Create(const std::string& path, uint32_t mode) {
  const Place place = TRY(LocateToChange(path));
  const OwnedFd fd(openat(place.dir, place.name,
                          O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!fd.valid()) return Errno(errno);
  return Done(fchmod(fd.get(), mode & 07777));
}

// The guest's umask was applied by the guest's kernel; emu's own must not be.
Result<> LiveHostTree::FixMode(const Place& place, uint32_t mode) {
  return Done(fchmodat(place.dir, place.name, mode & 07777, 0));
}

Result<> LiveHostTree::MakeDirectory(const std::string& path, uint32_t mode) {
  const Place place = TRY(LocateToChange(path));
  TRY(Done(mkdirat(place.dir, place.name, 0700)));
  return FixMode(place, mode);
}

Result<> LiveHostTree::MakeNode(const std::string& path, uint32_t mode) {
  const Place place = TRY(LocateToChange(path));
  TRY(Done(mknodat(place.dir, place.name, (mode & S_IFMT) | 0600, 0)));
  return FixMode(place, mode);
}

Result<> LiveHostTree::MakeSymlink(const std::string& path,
                                   const std::string& target) {
  const Place place = TRY(LocateToChange(path));
  return Done(symlinkat(target.c_str(), place.dir, place.name));
}

// Two directories are wanted at once: the first is held by a descriptor of its
// own, because looking the second up may close it.
Result<> LiveHostTree::Link(const std::string& from, const std::string& to) {
  const Place source = TRY(LocateToChange(from));
  const OwnedFd held(fcntl(source.dir, F_DUPFD_CLOEXEC, 3));
  if (!held.valid()) return Errno(errno);
  const Place target = TRY(LocateToChange(to));
  return Done(linkat(held.get(), BaseName(from), target.dir, target.name, 0));
}

Result<> LiveHostTree::Unlink(const std::string& path) {
  const Place place = TRY(LocateToChange(path));
  return Done(unlinkat(place.dir, place.name, 0));
}

Result<> LiveHostTree::RemoveDirectory(const std::string& path) {
  const Place place = TRY(LocateToChange(path));
  return Done(unlinkat(place.dir, place.name, AT_REMOVEDIR));
}

Result<> LiveHostTree::Rename(const std::string& from, const std::string& to,
                              uint32_t flags) {
  const Place source = TRY(LocateToChange(from));
  const OwnedFd held(fcntl(source.dir, F_DUPFD_CLOEXEC, 3));
  if (!held.valid()) return Errno(errno);
  const Place target = TRY(LocateToChange(to));
  return Done(renameat2(held.get(), BaseName(from), target.dir, target.name,
                        flags));
}

Result<> LiveHostTree::SetMode(const std::string& path, uint32_t mode) {
  if (!writable_) return Errno(EROFS);
  const OwnedFd object = TRY(root_.Open(path, O_PATH));
  struct stat st = {};
  TRY(Done(fstat(object.get(), &st)));
  if (S_ISLNK(st.st_mode)) return Errno(EOPNOTSUPP);
  char link[32];
  snprintf(link, sizeof(link), "/proc/self/fd/%d", object.get());
  return Done(chmod(link, mode & 07777));
}

Result<> LiveHostTree::SetTimes(const std::string& path, Nanos atime,
                                Nanos mtime) {
  if (!writable_) return Errno(EROFS);
  const Place place = TRY(Locate(path));
  const timespec times[2] = {ToTimespec(atime), ToTimespec(mtime)};
  return Done(utimensat(place.dir, place.name, times,
                        AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH));
}

}  // namespace emu
