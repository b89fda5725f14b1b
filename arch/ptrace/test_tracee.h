// SPDX-License-Identifier: Apache-2.0
//
// A child process to trace in a test. It dies with the test process, and with
// the Tracee at the latest.

#ifndef ARCH_PTRACE_TEST_TRACEE_H_
#define ARCH_PTRACE_TEST_TRACEE_H_

#include <cstdint>
#include <functional>
#include <string>

#include "arch/ptrace/types.h"
#include "arch/ptrace/wait.h"

namespace emu::ptrace {

class Tracee {
 public:
  // What the child runs; its result is the exit status. The child shares no
  // memory with the test, and must not use gtest.
  using Body = std::function<int()>;

  // Forks a child and does nothing more: it runs `body` at once.
  static Tracee Fork(const Body& body);

  // Forks a child and seizes it with TRACESYSGOOD, EXITKILL and `options`. It
  // stands in the delivery stop of a SIGSTOP (to be dropped); `body` runs when
  // it is resumed.
  static Tracee Seize(const Body& body, Options options = Options::NONE);

  Tracee(const Tracee&) = delete;
  Tracee& operator=(const Tracee&) = delete;
  ~Tracee();

  Tid tid() const { return tid_; }

  // The next stop, or end; a test failure and NoChange when waiting fails.
  TraceStop Wait();

  // Ends the child and reaps it, so that its tid names nothing.
  void KillAndReap();

 private:
  explicit Tracee(Tid tid) : tid_(tid) {}
  Tracee(Tid tid, const TraceStop& first);

  Tid tid_;
  bool reaped_ = false;
};

// What a child has to say.
struct Pipe {
  Pipe();
  ~Pipe();
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  // Everything written so far, without blocking.
  std::string Drain() const;

  // Leaves readers to meet the end of file.
  void CloseWriteEnd();

  int read_end;
  int write_end;
};

// Raw system calls for children: exactly one stop pair each.
long RawSyscall(long nr, uint64_t a0 = 0, uint64_t a1 = 0, uint64_t a2 = 0,
                uint64_t a3 = 0);

// tgkill(2) of the calling thread by itself.
void RaiseHere(Signal signal);

}  // namespace emu::ptrace

#endif  // ARCH_PTRACE_TEST_TRACEE_H_
