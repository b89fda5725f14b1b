// SPDX-License-Identifier: Apache-2.0
#include "arch/host/guest_memory.h"

#include <errno.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "arch/base/host_status.h"
#include "arch/ptrace/ptrace.h"

namespace emu {
namespace {

using Mode = GuestMemory::Mode;

// From here on process_vm_* is the faster one (bench: BM_GuestCopy).
constexpr size_t kLarge = 16 * 1024;
constexpr size_t kWord = sizeof(ptrace::Word);

size_t ProcessVm(HostProcess& process, bool in, void* mine, GuestAddr theirs,
                 size_t n) {
  size_t done = 0;
  while (done < n) {
    iovec local = {static_cast<char*>(mine) + done, n - done};
    iovec remote = {reinterpret_cast<void*>(theirs + done), n - done};
    const pid_t pid = process.leader().tid().value;
    const ssize_t copied =
        in ? process_vm_readv(pid, &local, 1, &remote, 1, 0)
           : process_vm_writev(pid, &local, 1, &remote, 1, 0);
    if (copied <= 0) break;
    done += static_cast<size_t>(copied);
  }
  return done;
}

size_t ProcMem(HostProcess& process, bool in, void* mine, GuestAddr theirs,
               size_t n) {
  const int fd = process.mem_fd();
  size_t done = 0;
  while (done < n) {
    char* at = static_cast<char*>(mine) + done;
    const off_t offset = static_cast<off_t>(theirs + done);
    const ssize_t copied =
        in ? pread(fd, at, n - done, offset) : pwrite(fd, at, n - done, offset);
    if (copied < 0 && errno == EINTR) continue;
    if (copied <= 0) break;
    done += static_cast<size_t>(copied);
  }
  return done;
}

// One aligned word at a time, so that none straddles two pages.
size_t Words(HostProcess& process, bool in, void* mine, GuestAddr theirs,
             size_t n) {
  const ptrace::Tid tid = process.leader().tid();
  size_t done = 0;
  while (done < n) {
    const GuestAddr aligned = (theirs + done) & ~(kWord - 1);
    const size_t skip = (theirs + done) - aligned;
    const size_t part = std::min(kWord - skip, n - done);
    char* at = static_cast<char*>(mine) + done;
    ptrace::Word word = 0;
    if (in || part != kWord) {
      absl::StatusOr<ptrace::Word> read = ptrace::read(tid, aligned);
      if (!read.ok()) break;
      word = *read;
    }
    char* bytes = reinterpret_cast<char*>(&word) + skip;
    if (in) {
      std::memcpy(at, bytes, part);
    } else {
      std::memcpy(bytes, at, part);
      if (!ptrace::write(tid, aligned, word).ok()) break;
    }
    done += part;
  }
  return done;
}

size_t Copy(Mode mode, HostProcess& process, bool in, void* mine,
            GuestAddr theirs, size_t n) {
  switch (mode) {
    case Mode::kBest:
    case Mode::kProcessVm:
      return ProcessVm(process, in, mine, theirs, n);
    case Mode::kProcMem:
      return ProcMem(process, in, mine, theirs, n);
    case Mode::kWords:
      return Words(process, in, mine, theirs, n);
  }
  return 0;
}

// Every guest process has the stub's code mapped.
bool Works(Mode mode, HostProcess& process) {
  char copy[16];
  return Copy(mode, process, true, copy, isa::kStubAddress, sizeof(copy)) ==
             sizeof(copy) &&
         std::memcmp(copy, isa::StubCode().data(), sizeof(copy)) == 0;
}

}  // namespace

absl::StatusOr<GuestMemory> GuestMemory::Create(Mode mode,
                                                HostProcess& process) {
  if (mode != Mode::kBest) {
    if (Works(mode, process)) return GuestMemory(mode, mode, mode);
    return HostError(errno, "copying guest memory in the way asked for");
  }
  const bool mem = Works(Mode::kProcMem, process);
  if (Works(Mode::kProcessVm, process)) {
    return GuestMemory(mode, mem ? Mode::kProcMem : Mode::kProcessVm,
                       Mode::kProcessVm);
  }
  const Mode other = mem ? Mode::kProcMem : Mode::kWords;
  return GuestMemory(mode, other, other);
}

bool GuestMemory::Overwrite(HostProcess& process, GuestAddr to,
                            const void* from, size_t n) {
  return Words(process, false, const_cast<void*>(from), to, n) == n;
}

Mode GuestMemory::ModeFor(HostProcess& process, size_t n) const {
  const Mode mode = n < kLarge ? small_ : large_;
  if (mode == Mode::kProcMem && large_ == Mode::kProcessVm &&
      !process.WorthMemFd()) {
    return large_;
  }
  // Out of descriptors.
  if (mode == Mode::kProcMem && process.mem_fd() < 0) {
    return large_ == Mode::kProcMem ? Mode::kWords : large_;
  }
  return mode;
}

size_t GuestMemory::CopyIn(HostProcess& process, void* to, GuestAddr from,
                           size_t n) const {
  return Copy(ModeFor(process, n), process, true, to, from, n);
}

size_t GuestMemory::CopyOut(HostProcess& process, GuestAddr to,
                            const void* from, size_t n) const {
  return Copy(ModeFor(process, n), process, false, const_cast<void*>(from), to,
              n);
}

}  // namespace emu
