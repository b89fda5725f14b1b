// SPDX-License-Identifier: Apache-2.0
#include "arch/ptrace/test_tracee.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <string>
#include <variant>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "arch/ptrace/ptrace.h"
#include "arch/ptrace/types.h"
#include "arch/ptrace/wait.h"
#include "gtest/gtest.h"

namespace emu::ptrace {
namespace {

Tid ForkChild(const Tracee::Body& body) {
  const pid_t parent = getpid();
  const pid_t pid = fork();
  EXPECT_GE(pid, 0);
  if (pid != 0) return Tid{pid};
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(1);
  _exit(body());
}

Tid SeizeChild(const Tracee::Body& body, Options options) {
  const Pipe gate;
  const Tid tid = ForkChild([&] {
    char go;
    if (::read(gate.read_end, &go, 1) != 1) return 1;
    RaiseHere(Signal{SIGSTOP});
    return body();
  });
  const absl::Status seized =
      seize(tid, options | Options::TRACESYSGOOD | Options::EXITKILL);
  EXPECT_TRUE(seized.ok()) << seized;
  EXPECT_EQ(::write(gate.write_end, "g", 1), 1);
  return tid;
}

}  // namespace

Tracee Tracee::Fork(const Body& body) { return Tracee(ForkChild(body)); }

Tracee Tracee::Seize(const Body& body, Options options) {
  return Tracee(SeizeChild(body, options), SignalDeliveryStop{{SIGSTOP}});
}

Tracee::Tracee(Tid tid, const TraceStop& first) : tid_(tid) {
  EXPECT_EQ(Wait(), first);
}

Tracee::~Tracee() { KillAndReap(); }

TraceStop Tracee::Wait() {
  const absl::StatusOr<Waited> waited = wait_tracee(tid_);
  EXPECT_TRUE(waited.ok()) << waited.status();
  if (!waited.ok()) return NoChange{};
  reaped_ =
      waited->As<Exited>() != nullptr || waited->As<Signaled>() != nullptr;
  return waited->stop;
}

void Tracee::KillAndReap() {
  if (!reaped_) ::kill(tid_.value, SIGKILL);
  while (!reaped_) {
    // A tracee that stands in Event::EXIT is past being killed: only its
    // tracer makes it go on. ESRCH for any other.
    (void)cont(tid_);
    if (std::holds_alternative<NoChange>(Wait())) return;
  }
}

Pipe::Pipe() {
  int ends[2];
  EXPECT_EQ(pipe2(ends, O_CLOEXEC), 0);
  read_end = ends[0];
  write_end = ends[1];
}

Pipe::~Pipe() {
  close(read_end);
  CloseWriteEnd();
}

void Pipe::CloseWriteEnd() {
  if (write_end >= 0) close(write_end);
  write_end = -1;
}

std::string Pipe::Drain() const {
  fcntl(read_end, F_SETFL, O_NONBLOCK);
  std::string all;
  char buffer[256];
  ssize_t n;
  while ((n = ::read(read_end, buffer, sizeof buffer)) > 0) {
    all.append(buffer, static_cast<size_t>(n));
  }
  return all;
}

long RawSyscall(long nr, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3) {
  return ::syscall(nr, a0, a1, a2, a3);
}

void RaiseHere(Signal signal) {
  ::syscall(SYS_tgkill, getpid(), ::syscall(SYS_gettid), signal.number);
}

}  // namespace emu::ptrace
