// SPDX-License-Identifier: Apache-2.0
#include "arch/host/host_process.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>

#include "arch/base/host_status.h"
#include "arch/host/extended_registers.h"
#include "arch/host/owned_fd.h"

namespace emu {
namespace {

// For all that a guest process starts: emu is its parent and its tracer, and
// shares its descriptors. The exit signal is none: emu waits for whom it ends.
constexpr uint64_t kCloneFlags = CLONE_PARENT | CLONE_PTRACE | CLONE_FILES;
constexpr uint64_t kThreadFlags = kCloneFlags | CLONE_VM | CLONE_FS |
                                  CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM;

// Opening a process's memory costs as much as copying by process_vm_* that many
// times more than by the descriptor.
constexpr int kCopiesWithoutMemFd = 8;

// Waits until `tid`, which SIGKILL was sent to, has ended.
void Reap(ptrace::Tid tid) {
  int status;
  pid_t pid;
  do {
    pid = waitpid(tid.value, &status, __WALL);
  } while ((pid < 0 && errno == EINTR) || (pid > 0 && WIFSTOPPED(status)));
}

}  // namespace

HostProcess::HostProcess(ptrace::Tid leader, const StubAccess& stub)
    : stub_(stub) {
  threads_.push_back(std::make_unique<HostThread>(leader, stub));
}

HostProcess::~HostProcess() {
  if (mem_fd_ >= 0) close(mem_fd_);
  // Its end is told after that of the others.
  if (leader().reaped()) return;
  kill(leader().tid().value, SIGKILL);
  for (size_t i = threads_.size(); i-- > 0;) {
    if (!threads_[i]->reaped()) Reap(threads_[i]->tid());
  }
}

Result<ptrace::Tid> HostProcess::Clone(HostThread& caller, uint64_t flags) {
  isa::StubCall call = {SYS_clone, {flags}, 0};
  if (caller.Call(absl::MakeSpan(&call, 1)) != 1) {
    if (caller.gone()) return Errno(EAGAIN);
    return Errno(static_cast<int>(-call.result));
  }
  return ptrace::Tid{static_cast<pid_t>(call.result)};
}

Result<std::unique_ptr<HostProcess>> HostProcess::Fork(HostThread& caller) {
  const ptrace::Tid tid = TRY(Clone(caller, kCloneFlags));
  auto child = std::make_unique<HostProcess>(tid, stub_);
  child->leader().Await();
  if (child->leader().gone()) return Errno(EAGAIN);
  return child;
}

Result<HostThread*> HostProcess::NewThread(HostThread& caller) {
  if (!parked_.empty()) {
    HostThread* thread = parked_.back();
    parked_.pop_back();
    ExtendedRegisters registers;
    if (!registers.Fetch(caller.tid()).ok() ||
        !registers.Store(thread->tid()).ok()) {
      return Errno(EAGAIN);
    }
    return thread;
  }
  const ptrace::Tid tid = TRY(Clone(caller, kThreadFlags));
  threads_.push_back(std::make_unique<HostThread>(tid, stub_));
  others_.push_back(tid.value);
  HostThread* thread = threads_.back().get();
  thread->Await();
  if (thread->gone()) return Errno(EAGAIN);
  return thread;
}

bool HostProcess::Wipe() {
  // The leader is the next program's own, and no thread to be had.
  parked_.clear();
  isa::StubCall calls[] = {
      {SYS_munmap, {0, isa::kStubAddress}, 0},
      {SYS_munmap, {isa::kStubEnd, isa::kEndOfMemory - isa::kStubEnd}, 0},
  };
  return single_threaded() && leader().Call(absl::MakeSpan(calls)) == 2;
}

bool HostProcess::WorthMemFd() {
  return mem_fd_ >= 0 || ++copies_ > kCopiesWithoutMemFd;
}

int HostProcess::mem_fd() {
  if (mem_fd_ < 0) {
    char path[32];
    std::snprintf(path, sizeof(path), "/proc/%d/mem", leader().tid().value);
    mem_fd_ = open(path, O_RDWR | O_CLOEXEC);
  }
  return mem_fd_;
}

std::vector<bool> HostProcess::Touched(uint64_t start, size_t pages) {
  // A page's entry in /proc/<pid>/pagemap: it is there, or swapped out.
  constexpr uint64_t kTouched = uint64_t{3} << 62;
  const uint64_t page_size = getpagesize();
  std::vector<bool> touched(pages, true);
  char path[48];
  std::snprintf(path, sizeof(path), "/proc/%d/pagemap", leader().tid().value);
  const OwnedFd file(open(path, O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return touched;
  std::vector<uint64_t> entries(std::min<size_t>(pages, 4096));
  for (size_t done = 0; done < pages; done += entries.size()) {
    entries.resize(std::min(entries.size(), pages - done));
    const size_t bytes = entries.size() * sizeof(entries[0]);
    const off_t at = (start / page_size + done) * sizeof(entries[0]);
    if (pread(file.get(), entries.data(), bytes, at) !=
        static_cast<ssize_t>(bytes)) {
      break;
    }
    for (size_t i = 0; i < entries.size(); ++i) {
      touched[done + i] = (entries[i] & kTouched) != 0;
    }
  }
  return touched;
}

uint64_t HostProcess::PrivateBytes() {
  char path[48];
  std::snprintf(path, sizeof(path), "/proc/%d/smaps_rollup",
                leader().tid().value);
  const OwnedFd file(open(path, O_RDONLY | O_CLOEXEC));
  char text[2048] = {};
  if (!file.valid() || read(file.get(), text, sizeof(text) - 1) <= 0) return 0;
  // Since Linux 5.9; before, all that is private.
  for (const char* name : {"\nPss_Anon:", "\nAnonymous:"}) {
    const char* line = std::strstr(text, name);
    unsigned long kilobytes;
    if (line != nullptr &&
        std::sscanf(line + std::strlen(name), "%lu", &kilobytes) == 1) {
      return uint64_t{kilobytes} << 10;
    }
  }
  return 0;
}

uint64_t HostProcess::PrivateBytesAtMost() {
  if (!ran_) return private_bytes_;
  ran_ = false;
  private_bytes_ = 0;
  char path[32];
  std::snprintf(path, sizeof(path), "/proc/%d/statm", leader().tid().value);
  const OwnedFd file(open(path, O_RDONLY | O_CLOEXEC));
  char text[256] = {};
  if (!file.valid() || read(file.get(), text, sizeof(text) - 1) <= 0) return 0;
  unsigned long resident = 0;
  unsigned long shared = 0;
  if (std::sscanf(text, "%*u %lu %lu", &resident, &shared) == 2 &&
      resident > shared) {
    private_bytes_ = uint64_t{resident - shared} * static_cast<uint64_t>(getpagesize());
  }
  return private_bytes_;
}

}  // namespace emu
