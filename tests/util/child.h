// SPDX-License-Identifier: Apache-2.0
//
// Children made by fork(2). A child runs a lambda and then leaves with
// _exit(0); inside it assertions would be lost, so it uses CHILD_CHECK, which
// says on stderr what failed and leaves with kCheckFailed. All that a child
// does for itself is safe after a fork from a process with several threads.

#ifndef EMU_TESTS_UTIL_CHILD_H_
#define EMU_TESTS_UTIL_CHILD_H_

#include <signal.h>
#include <sys/types.h>
#include <unistd.h>

namespace emu {

inline constexpr int kCheckFailed = 99;

// Says what failed, with errno, and leaves by _exit(kCheckFailed).
[[noreturn]] void ChildCheckFailed(const char* file, int line,
                                   const char* condition);

#define CHILD_CHECK(condition)                                 \
  do {                                                         \
    if (!(condition)) {                                        \
      ::emu::ChildCheckFailed(__FILE__, __LINE__, #condition); \
    }                                                          \
  } while (0)

// A child process. Killed and reaped where the test did not wait for it.
class Child {
 public:
  // Forks, and calls body() in the child.
  template <typename Body>
  explicit Child(Body body) : pid_(fork()) {
    if (pid_ != 0) return;
    body();
    _exit(0);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child();

  pid_t pid() const { return pid_; }

  // Reaps the child once it has ended; its wait status, or -1.
  int Wait();

  // Waits until the child sleeps in a call (state S in /proc). The child must
  // have nothing else to sleep for, or have told that it is past it.
  void WaitUntilBlocked() const;

  // For a child that the test itself has reaped.
  void Forget() { pid_ = -1; }

 private:
  pid_t pid_;
};

// Waits until the thread `tid` of this process, or the process `tid`, sleeps.
void WaitUntilBlocked(pid_t tid);

// Runs body() in a child; the child's wait status.
template <typename Body>
int RunInChild(Body body) {
  return Child(body).Wait();
}

}  // namespace emu

#endif  // EMU_TESTS_UTIL_CHILD_H_
