// SPDX-License-Identifier: Apache-2.0
//
// What a syscall's registers can mean: pointers into guest memory that cannot
// be dereferenced by mistake, and strong types for ids.

#ifndef ARCH_USER_PTR_H_
#define ARCH_USER_PTR_H_

#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace emu {

// An address in a guest's memory. Never a host pointer.
using GuestAddr = uint64_t;

// A typed pointer into guest memory. Task::Read and Task::Write are the only
// ways through it. `UserPtr<const T>` is read-only.
template <typename T>
class UserPtr {
 public:
  constexpr UserPtr() = default;
  constexpr explicit UserPtr(GuestAddr addr) : addr_(addr) {}
  constexpr GuestAddr addr() const { return addr_; }
  constexpr explicit operator bool() const { return addr_ != 0; }
  template <typename U>
  constexpr UserPtr<U> As() const {
    return UserPtr<U>(addr_);
  }
  // The element `index` places further on.
  constexpr UserPtr At(size_t index) const
    requires(!std::is_void_v<T>)
  {
    return UserPtr(addr_ + index * sizeof(T));
  }

 private:
  GuestAddr addr_ = 0;
};

// A NUL-terminated string in guest memory.
using UserCString = UserPtr<const char>;

// A file descriptor as the guest names it; 32 bits of the register count.
struct Fd {
  int32_t value = -1;
  friend constexpr bool operator==(Fd, Fd) = default;
};

// A thread, process or process group id of the guest's pid namespace.
using Pid = int32_t;

}  // namespace emu

#endif  // ARCH_USER_PTR_H_
