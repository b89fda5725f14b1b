// SPDX-License-Identifier: Apache-2.0
//
// Errors that a guest sees. `Errno` is a Linux error number, `Result<T>` a
// value or an Errno, and TRY unwraps one or returns the other. Failures of the
// host are absl::Status and never mix with these: the type says whose error it
// is.

#ifndef ARCH_RESULT_H_
#define ARCH_RESULT_H_

#include <errno.h>

#include <optional>
#include <type_traits>
#include <utility>

namespace emu {

// A Linux error number, positive, as in errno(3). Values of 512 and above never
// reach a guest: see the constants below.
class [[nodiscard]] Errno {
 public:
  constexpr explicit Errno(int value) : value_(value) {}
  constexpr int value() const { return value_; }
  friend constexpr bool operator==(Errno a, Errno b) {
    return a.value_ == b.value_;
  }

 private:
  int value_;
};

// What an interrupted call becomes, from include/linux/errno.h; the choice
// between EINTR and a restart is made in one place, kernel/signal/deliver.cc.
inline constexpr int ERESTARTSYS = 512;            // restart if SA_RESTART
inline constexpr int ERESTARTNOINTR = 513;         // always restart
inline constexpr int ERESTARTNOHAND = 514;         // restart if no handler runs
inline constexpr int ERESTART_RESTARTBLOCK = 516;  // as above, by the clock

// The task is parked: nothing of the guest was touched, and the handler runs
// again from its top when the task wakes.
inline constexpr Errno kBlocked{600};
// The call set the registers itself (sigreturn, exec) or its task is gone.
inline constexpr Errno kNoReturn{601};

template <typename T = void>
class [[nodiscard]] Result {
 public:
  using value_type = T;
  template <typename U = T>
    requires(std::is_convertible_v<U &&, T>)
  constexpr Result(U&& value) : value_(std::forward<U>(value)) {}
  constexpr Result(Errno error) : error_(error) {}

  constexpr bool ok() const { return value_.has_value(); }
  constexpr Errno error() const { return error_; }
  constexpr T& operator*() & { return *value_; }
  constexpr const T& operator*() const& { return *value_; }
  constexpr T&& operator*() && { return *std::move(value_); }
  constexpr T* operator->() { return &*value_; }
  constexpr const T* operator->() const { return &*value_; }
  constexpr T Take() { return *std::move(value_); }

 private:
  std::optional<T> value_;
  Errno error_{0};
};

template <>
class [[nodiscard]] Result<void> {
 public:
  using value_type = void;
  constexpr Result() = default;
  constexpr Result(Errno error) : error_(error) {}

  constexpr bool ok() const { return error_.value() == 0; }
  constexpr Errno error() const { return error_; }
  constexpr void Take() const {}

 private:
  Errno error_{0};
};

// Evaluates to the value of a Result, or returns its Errno from the enclosing
// function. A whole statement or a whole initializer, never a part of one.
#define TRY(...)                                     \
  ({                                                 \
    auto try_result_ = (__VA_ARGS__);                \
    if (!try_result_.ok()) return try_result_.error(); \
    try_result_.Take();                              \
  })

}  // namespace emu

#endif  // ARCH_RESULT_H_
