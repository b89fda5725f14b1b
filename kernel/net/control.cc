// SPDX-License-Identifier: Apache-2.0

#include "kernel/net/control.h"

#include <linux/capability.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <string>

#include "kernel/fs/pidfd.h"
#include "kernel/kernel.h"
#include "kernel/process.h"
#include "kernel/task.h"

namespace emu {
namespace {

constexpr uint64_t kHeader = sizeof(abi::cmsghdr);
constexpr uint64_t kMost = 128 << 10;  // net.core.optmem_max
constexpr size_t kMostFiles = 253;     // SCM_MAX_FD
constexpr int kPidFd = 4;              // SCM_PIDFD, since Linux 6.5

constexpr uint64_t Aligned(uint64_t n) { return (n + 7) & ~uint64_t{7}; }

Result<> AddFiles(Task& task, absl::string_view data, Control& control) {
  const size_t count = data.size() / sizeof(Fd);
  if (count > kMostFiles - control.files.size()) return Errno(EINVAL);
  for (size_t i = 0; i < count; ++i) {
    Fd fd;
    memcpy(&fd, data.data() + i * sizeof(fd), sizeof(fd));
    control.files.push_back(TRY(task.GetAnyFile(fd)));
  }
  return {};
}

Result<> AddCredentials(Task& task, absl::string_view data, Control& control) {
  abi::ucred ucred;
  if (data.size() != sizeof(ucred)) return Errno(EINVAL);
  memcpy(&ucred, data.data(), sizeof(ucred));
  const Credentials& own = *task.creds;
  const bool pid_ok =
      ucred.pid == task.process().pid() || own.Has(CAP_SYS_ADMIN);
  const bool uid_ok = ucred.uid == own.uid || ucred.uid == own.euid ||
                      ucred.uid == own.suid || own.Has(CAP_SETUID);
  const bool gid_ok = ucred.gid == own.gid || ucred.gid == own.egid ||
                      ucred.gid == own.sgid || own.Has(CAP_SETGID);
  if (!pid_ok || !uid_ok || !gid_ok) return Errno(EPERM);
  control.creds = ucred;
  return {};
}

Result<> AddItem(Task& task, const Socket& socket, const abi::cmsghdr& header,
                 absl::string_view data, Control& control) {
  const bool local = socket.domain() == AF_UNIX;
  if (header.cmsg_level != SOL_SOCKET) {
    if (local) return {};
    control.items.push_back(
        {header.cmsg_level, header.cmsg_type, std::string(data)});
    return {};
  }
  switch (header.cmsg_type) {
    case SCM_RIGHTS:
      return local ? AddFiles(task, data, control) : Result<>();
    case SCM_CREDENTIALS:
      return local ? AddCredentials(task, data, control) : Result<>();
    case SO_MARK:
      return Errno(task.creds->Has(CAP_NET_ADMIN) ? EINVAL : EPERM);
    default:
      return Errno(EINVAL);
  }
}

// Puts items one behind the other.
class ControlWriter {
 public:
  ControlWriter(Task& task, GuestAddr to, uint64_t room)
      : task_(task), at_(to), room_(to == 0 ? 0 : room) {}

  // What does not fit is cut off.
  void Put(int level, int type, absl::string_view data) {
    if (room_ < kHeader) {
      written_.truncated = true;
      return;
    }
    uint64_t length = kHeader + data.size();
    if (length > room_) {
      written_.truncated = true;
      length = room_;
    }
    const abi::cmsghdr header = {length, level, type};
    std::string bytes = BytesOf(header);
    bytes.append(data.data(), length - kHeader);
    if (!task_.mm->CopyOut(at_, bytes.data(), bytes.size()).ok()) return;
    Advance(data.size());
  }

  // Descriptors for as many files as there is room for.
  void PutFiles(const std::vector<FileRef>& files, bool cloexec) {
    const size_t fits = room_ <= kHeader ? 0 : (room_ - kHeader) / sizeof(Fd);
    size_t made = 0;
    for (; made < std::min(fits, files.size()); ++made) {
      const Result<Fd> fd = task_.AddFd(files[made], cloexec);
      if (!fd.ok()) break;
      const GuestAddr place = at_ + kHeader + made * sizeof(Fd);
      if (!task_.Write(UserPtr<Fd>(place), *fd).ok()) {
        (void)task_.files->Remove(*fd);
        break;
      }
    }
    if (made < files.size()) written_.truncated = true;
    if (made == 0) return;
    const uint64_t bytes = made * sizeof(Fd);
    const abi::cmsghdr header = {kHeader + bytes, SOL_SOCKET, SCM_RIGHTS};
    if (!task_.Write(UserPtr<abi::cmsghdr>(at_), header).ok()) return;
    Advance(bytes);
  }

  void PutPidFd(Pid pid) {
    if (room_ < kHeader + sizeof(Fd)) {
      written_.truncated = true;
      return;
    }
    const Result<Fd> fd = AddPidFd(task_, pid);
    Put(SOL_SOCKET, kPidFd, BytesOf(fd.ok() ? *fd : Fd{-fd.error().value()}));
  }

  const WrittenControl& written() const { return written_; }

 private:
  void Advance(uint64_t data) {
    const uint64_t taken = std::min(Aligned(kHeader + data), room_);
    at_ += taken;
    room_ -= taken;
    written_.length += taken;
  }

  Task& task_;
  GuestAddr at_;
  uint64_t room_;
  WrittenControl written_;
};

}  // namespace

Result<Fd> AddPidFd(Task& task, Pid pid) {
  Process* process = task.kernel().pids().FindProcess(pid);
  if (process == nullptr) return Errno(ESRCH);
  std::shared_ptr<PidFd> file = NewPidFd(task, 0);
  file->Attach(*process);
  return task.AddFd(std::move(file), true);
}

Result<Control> ReadControl(Task& task, const Socket& socket, GuestAddr from,
                            uint64_t length) {
  Control control;
  if (length == 0 || from == 0) return control;
  if (length > kMost) return Errno(ENOBUFS);
  const std::vector<char> bytes =
      TRY(task.ReadArray(UserPtr<const char>(from), length));
  for (uint64_t at = 0; at + kHeader <= length;) {
    abi::cmsghdr header;
    memcpy(&header, bytes.data() + at, sizeof(header));
    if (header.cmsg_len < kHeader || header.cmsg_len > length - at) {
      return Errno(EINVAL);
    }
    const absl::string_view data(bytes.data() + at + kHeader,
                                 header.cmsg_len - kHeader);
    TRY(AddItem(task, socket, header, data, control));
    at += Aligned(header.cmsg_len);
  }
  return control;
}

WrittenControl WriteControl(Task& task, Control& control, GuestAddr to,
                            uint64_t room, bool cloexec) {
  ControlWriter writer(task, to, room);
  for (const Control::Item& item : control.items) {
    writer.Put(item.level, item.type, item.data);
  }
  if (control.creds && control.tell_creds) {
    writer.Put(SOL_SOCKET, SCM_CREDENTIALS, BytesOf(*control.creds));
  }
  if (!control.files.empty()) writer.PutFiles(control.files, cloexec);
  if (control.pidfd && control.creds) writer.PutPidFd(control.creds->pid);
  return writer.written();
}

}  // namespace emu
