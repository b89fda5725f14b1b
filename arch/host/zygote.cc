// SPDX-License-Identifier: Apache-2.0
#include "arch/host/zygote.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/futex.h>
#include <linux/rseq.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <vector>

#include "absl/strings/str_cat.h"
#include "arch/base/host_status.h"
#include "arch/host/host_settings.h"
#include "arch/ptrace/ptrace.h"

// glibc's registration of restartable sequences, from 2.35 on.
extern "C" {
extern const ptrdiff_t __rseq_offset __attribute__((weak));
extern const unsigned int __rseq_size __attribute__((weak));
}

namespace emu {
namespace {

// What glibc registers with: RSEQ_SIG of x86 and its length of the area.
constexpr uint32_t kRseqSignature = 0x53053053;
constexpr uint32_t kRseqLength = 32;

struct ZygotePlan {
  pid_t emu;
  isa::StubPage* page;
  int stub_fd;
  uint32_t secret;
  const std::vector<sock_filter>* filter;
  ZygoteOptions options;
};

// --- In the zygote: a copy of emu that has nothing but its one stack frame
// chain to live on. Nothing here may allocate or lock.

// Tells emu which call failed, and ends.
[[noreturn]] void Fail(isa::StubPage* page, const char* call) {
  page->error = errno;
  page->failed_call = call;
  _exit(1);
}

// The host would write to these areas, or read them, after they are unmapped.
void UnregisterAreas() {
  syscall(SYS_set_robust_list, nullptr, 24);
  syscall(SYS_set_tid_address, nullptr);
  if (&__rseq_size != nullptr && __rseq_size != 0) {
    char* area = static_cast<char*>(__builtin_thread_pointer()) + __rseq_offset;
    syscall(SYS_rseq, area, kRseqLength, RSEQ_FLAG_UNREGISTER, kRseqSignature);
  }
}

// Limits of emu's own that must not be the guests': those are emu's to fake.
void RaiseLimits() {
  for (auto resource : {RLIMIT_AS, RLIMIT_CPU, RLIMIT_DATA, RLIMIT_FSIZE,
                        RLIMIT_MEMLOCK, RLIMIT_NPROC, RLIMIT_STACK}) {
    rlimit limit;
    if (getrlimit(resource, &limit) != 0 || limit.rlim_cur == limit.rlim_max) {
      continue;
    }
    limit.rlim_cur = limit.rlim_max;
    setrlimit(resource, &limit);
  }
  rlimit none = {0, 0};
  setrlimit(RLIMIT_CORE, &none);
}

// A host that runs out of memory ends a guest, and not emu.
void OfferToOomKiller() {
  const int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (fd < 0) return;
  [[maybe_unused]] const ssize_t written = write(fd, "1000", 4);
  close(fd);
}

void MapStub(const ZygotePlan& plan) {
  void* code = reinterpret_cast<void*>(isa::kStubAddress);
  if (mmap(code, isa::kStubPageSize, PROT_READ | PROT_WRITE,
           MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != code) {
    Fail(plan.page, "mmap(stub's code)");
  }
  std::memcpy(code, isa::StubCode().data(), isa::StubCode().size());
  if (mprotect(code, isa::kStubPageSize, PROT_READ | PROT_EXEC) != 0) {
    Fail(plan.page, "mprotect(stub's code, PROT_READ|PROT_EXEC)");
  }
  void* data = reinterpret_cast<void*>(isa::kStubDataAddress);
  if (mmap(data, isa::kStubPageSize, PROT_READ | PROT_WRITE,
           MAP_SHARED | MAP_FIXED, plan.stub_fd, 0) != data) {
    Fail(plan.page, "mmap(stub's data)");
  }
}

void InstallFilter(const ZygotePlan& plan) {
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    Fail(plan.page, "prctl(PR_SET_NO_NEW_PRIVS)");
  }
  sock_fprog program = {};
  program.len = static_cast<unsigned short>(plan.filter->size());
  program.filter = const_cast<sock_filter*>(plan.filter->data());
  // The flag keeps the host from slowing the guest down for secrets' sake.
  if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
              SECCOMP_FILTER_FLAG_SPEC_ALLOW, &program) != 0 &&
      syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) != 0) {
    Fail(plan.page, "seccomp(SECCOMP_SET_MODE_FILTER)");
  }
}

int ZygoteMain(void* arg) {
  const ZygotePlan& plan = *static_cast<const ZygotePlan*>(arg);
  // Until emu is the tracer, its death is told by this alone.
  prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  if (getppid() != plan.emu) _exit(1);
  UnregisterAreas();
  setsid();
  RaiseLimits();
  OfferToOomKiller();
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  if (plan.options.trap_tsc && !TrapTimestampCounter(true)) {
    Fail(plan.page, "prctl(PR_SET_TSC, PR_TSC_SIGSEGV)");
  }
  TrapCpuid();
  prctl(PR_SET_NAME, "emu-guest", 0, 0, 0);
  MapStub(plan);

  // From here on emu must be the tracer: the filter makes others' calls fail.
  while (__atomic_load_n(&plan.page->start, __ATOMIC_ACQUIRE) == 0) {
    syscall(SYS_futex, &plan.page->start, FUTEX_WAIT, 0, nullptr, nullptr, 0);
  }
  InstallFilter(plan);
  isa::StubCall wipe[] = {
      {SYS_munmap, {0, isa::kStubAddress}, 0},
      {SYS_munmap, {isa::kStubEnd, isa::kEndOfMemory - isa::kStubEnd}, 0},
  };
  for (isa::StubCall& call : wipe) isa::Sign(call, plan.secret);
  std::memcpy(plan.page->calls, wipe, sizeof(wipe));
  plan.page->exit = isa::StubTrap();
  reinterpret_cast<void (*)()>(isa::StubBatch())();
  _exit(1);  // not reached: the stub ends in a breakpoint
}

// --- In emu.

absl::Status SeizeError(const absl::Status& status) {
  if (ErrnoOf(status) != EPERM && ErrnoOf(status) != EACCES &&
      ErrnoOf(status) != ENOSYS) {
    return status;
  }
  return absl::PermissionDeniedError(absl::StrCat(
      "ptrace is not permitted here: ", status.message(),
      "; a container needs Docker's default seccomp profile on Linux 4.8 or "
      "later, or --cap-add=SYS_PTRACE; otherwise see "
      "/proc/sys/kernel/yama/ptrace_scope (at most 1)"));
}

absl::Status Start(HostProcess& zygote, isa::StubPage* page) {
  HostThread& thread = zygote.leader();
  constexpr auto kOptions = ptrace::Options::TRACESYSGOOD |
                            ptrace::Options::TRACESECCOMP |
                            ptrace::Options::EXITKILL;
  absl::Status seized = ptrace::seize(thread.tid(), kOptions);
  if (!seized.ok()) return SeizeError(seized);
  page->count = 2;
  __atomic_store_n(&page->start, 1, __ATOMIC_RELEASE);
  syscall(SYS_futex, &page->start, FUTEX_WAKE, 1, nullptr, nullptr, 0);
  thread.AwaitStubTrap();
  if (thread.gone()) {
    if (!thread.failure().ok()) return thread.failure();
    if (page->failed_call == nullptr) {
      return absl::InternalError("the zygote died at its start");
    }
    return HostError(page->error, page->failed_call);
  }
  for (const isa::StubCall& call : absl::MakeSpan(page->calls, 2)) {
    if (call.result == 0) continue;
    return HostError(static_cast<int>(-call.result), "munmap in the zygote");
  }
  std::memset(static_cast<void*>(page), 0, sizeof(*page));
  // Linux 5.3 is the first that has all that is asked of it.
  return ptrace::syscall_info(thread.tid()).status();
}

}  // namespace

absl::StatusOr<std::unique_ptr<StubMemory>> StubMemory::Create() {
  auto memory = std::unique_ptr<StubMemory>(new StubMemory);
  memory->fd_ = memfd_create("emu-stub", MFD_CLOEXEC);
  if (memory->fd_ < 0) return HostError(errno, "memfd_create(\"emu-stub\")");
  if (ftruncate(memory->fd_, isa::kStubPageSize) != 0) {
    return HostError(errno, "ftruncate(emu-stub, 4096)");
  }
  void* page = mmap(nullptr, isa::kStubPageSize, PROT_READ | PROT_WRITE,
                    MAP_SHARED, memory->fd_, 0);
  if (page == MAP_FAILED) return HostError(errno, "mmap(emu-stub)");
  memory->access_.page = static_cast<isa::StubPage*>(page);
  memory->access_.stops = &memory->stops_;
  uint32_t& secret = memory->access_.secret;
  if (getrandom(&secret, sizeof(secret), 0) != sizeof(secret)) {
    return HostError(errno, "getrandom(4)");
  }
  return memory;
}

StubMemory::~StubMemory() {
  if (access_.page != nullptr) munmap(access_.page, isa::kStubPageSize);
  if (fd_ >= 0) close(fd_);
}

absl::StatusOr<std::unique_ptr<HostProcess>> MakeZygote(
    const StubMemory& stub, const ZygoteOptions& options) {
  // A stack of its own: the stub may be mapped over the one in use.
  alignas(16) static char stack[64 * 1024];
  const std::vector<sock_filter> filter = isa::StubFilter(stub.access().secret);
  ZygotePlan plan = {getpid(),  stub.access().page,
                     stub.fd(), stub.access().secret,
                     &filter,   options};
  const int pid = clone(ZygoteMain, stack + sizeof(stack), CLONE_FILES, &plan);
  if (pid < 0) return HostError(errno, "clone(CLONE_FILES)");
  auto zygote = std::make_unique<HostProcess>(ptrace::Tid{pid}, stub.access());
  absl::Status started = Start(*zygote, stub.access().page);
  if (!started.ok()) return started;
  return zygote;
}

}  // namespace emu
