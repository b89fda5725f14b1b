// SPDX-License-Identifier: Apache-2.0
//
// Matchers for what a system call returned and for how a child ended. They
// look at errno, so the call stands inside the assertion:
//
//   EXPECT_THAT(close(fd), Succeeds());
//   EXPECT_THAT(read(fd, buf, 8), SucceedsWith(8));
//   EXPECT_THAT(dup(-1), FailsWith(EBADF));
//   EXPECT_THAT(RunInChild([] { abort(); }), KilledBy(SIGABRT));

#ifndef EMU_TESTS_UTIL_SYSCALL_MATCHERS_H_
#define EMU_TESTS_UTIL_SYSCALL_MATCHERS_H_

#include <gmock/gmock.h>

#include <cerrno>
#include <ostream>

namespace emu {

// Writes "EBADF (Bad file descriptor)" or the like; nothing where out is null,
// as it is for a matcher that is asked without listening.
void PrintErrno(int error, std::ostream* out);

// Writes "exited with 0", "killed by signal 6" or the like; nothing where out
// is null.
void PrintWaitStatus(int status, std::ostream* out);

// -1 says failure, and so does MAP_FAILED.
inline bool CallFailed(long long result) { return result == -1; }
inline bool CallFailed(const void* result) {
  return result == reinterpret_cast<const void*>(-1);
}

class SucceedsMatcher {
 public:
  using is_gtest_matcher = void;

  template <typename T>
  bool MatchAndExplain(const T& result, std::ostream* out) const {
    const int error = errno;
    if (!CallFailed(result)) return true;
    PrintErrno(error, out);
    return false;
  }
  void DescribeTo(std::ostream* out) const { *out << "succeeds"; }
  void DescribeNegationTo(std::ostream* out) const { *out << "fails"; }
};

// The call did not fail.
inline SucceedsMatcher Succeeds() { return {}; }

template <typename Inner>
class SucceedsWithMatcher {
 public:
  using is_gtest_matcher = void;

  explicit SucceedsWithMatcher(Inner inner) : inner_(inner) {}

  template <typename T>
  bool MatchAndExplain(const T& result, std::ostream* out) const {
    const int error = errno;
    if (CallFailed(result)) {
      PrintErrno(error, out);
      return false;
    }
    return testing::SafeMatcherCast<const T&>(inner_).Matches(result);
  }
  void DescribeTo(std::ostream* out) const {
    *out << "succeeds with the value given: " << testing::PrintToString(inner_);
  }
  void DescribeNegationTo(std::ostream* out) const {
    *out << "does not succeed with the value given";
  }

 private:
  const Inner inner_;
};

// The call did not fail, and its result is `inner` or matches it.
template <typename Inner>
SucceedsWithMatcher<Inner> SucceedsWith(Inner inner) {
  return SucceedsWithMatcher<Inner>(inner);
}

class FailsWithMatcher {
 public:
  using is_gtest_matcher = void;

  explicit FailsWithMatcher(int expected) : expected_(expected) {}

  template <typename T>
  bool MatchAndExplain(const T& result, std::ostream* out) const {
    const int error = errno;
    if (!CallFailed(result)) {
      if (out != nullptr) *out << "succeeds";
      return false;
    }
    if (error != expected_) PrintErrno(error, out);
    return error == expected_;
  }
  void DescribeTo(std::ostream* out) const {
    *out << "fails with ";
    PrintErrno(expected_, out);
  }
  void DescribeNegationTo(std::ostream* out) const {
    *out << "does not fail with ";
    PrintErrno(expected_, out);
  }

 private:
  const int expected_;
};

// The call failed with this errno.
inline FailsWithMatcher FailsWith(int error) { return FailsWithMatcher(error); }

class WaitStatusMatcher {
 public:
  using is_gtest_matcher = void;

  explicit WaitStatusMatcher(int expected) : expected_(expected) {}

  // A core dump's bit depends on the limits of the machine.
  bool MatchAndExplain(int status, std::ostream* out) const {
    PrintWaitStatus(status, out);
    return (status & ~0x80) == expected_;
  }
  void DescribeTo(std::ostream* out) const { PrintWaitStatus(expected_, out); }
  void DescribeNegationTo(std::ostream* out) const {
    *out << "not ";
    PrintWaitStatus(expected_, out);
  }

 private:
  const int expected_;
};

// What wait(2) says of a child that exited with this code, or that this signal
// killed or stopped.
inline WaitStatusMatcher Exited(int code) {
  return WaitStatusMatcher(code << 8);
}
inline WaitStatusMatcher KilledBy(int sig) { return WaitStatusMatcher(sig); }
inline WaitStatusMatcher StoppedBy(int sig) {
  return WaitStatusMatcher(sig << 8 | 0x7f);
}

}  // namespace emu

#endif  // EMU_TESTS_UTIL_SYSCALL_MATCHERS_H_
