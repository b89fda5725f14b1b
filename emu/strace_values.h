// SPDX-License-Identifier: Apache-2.0
//
// What lies in a guest's memory, as strace(1) prints it: strings, lists and the
// structures of system calls. An address at which nothing can be read is
// printed as a number.

#ifndef EMU_STRACE_VALUES_H_
#define EMU_STRACE_VALUES_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "arch/user_ptr.h"
#include "emu/strace_names.h"

namespace emu {

// Copies `n` bytes of guest memory; how many are there.
using GuestReader =
    absl::FunctionRef<size_t(void* to, GuestAddr from, size_t n)>;

// "NULL", "0x7f12".
std::string PointerText(uint64_t value);
// "0644", "000".
std::string ModeText(uint64_t mode);
// "S_IFREG|0644", "S_IFDIR|S_ISVTX|0777".
std::string FileModeText(uint32_t mode);
// "O_RDWR|O_CREAT"; where it has no access mode, "O_CLOEXEC" or "0".
std::string OpenFlagsText(uint64_t flags, bool has_access);
// "CLONE_VM|SIGCHLD".
std::string CloneFlagsText(uint64_t flags);

// "28 => 16": what was given, where it is known and another, and what is left.
std::string ChangedText(std::optional<uint64_t> before, uint64_t after);

class GuestValues {
 public:
  explicit GuestValues(GuestReader memory) : memory_(memory) {}

  // Strings, in quotes: to the NUL; `length` bytes; a list that NULL ends, and
  // how long that is.
  std::string Path(GuestAddr addr);
  std::string Bytes(GuestAddr addr, uint64_t length);
  std::string Strings(GuestAddr list);
  std::string StringCount(GuestAddr list);

  std::string Sigset(GuestAddr addr);
  std::string Sigaction(GuestAddr addr);
  std::string Timespecs(GuestAddr addr, int count);
  // utimensat(2)'s two.
  std::string FileTimes(GuestAddr addr);
  std::string Sockaddr(GuestAddr addr, uint64_t length);
  // Up to `count` numbers of 4 or 8 bytes, `stride` bytes apart, without those
  // that are not there.
  std::vector<uint64_t> Numbers(GuestAddr addr, size_t size, size_t stride,
                                uint64_t count);
  // `available` bytes are filled.
  std::string Iovec(GuestAddr addr, uint64_t count, uint64_t available);
  // Of another process's memory.
  std::string RemoteIovec(GuestAddr addr, uint64_t count);
  std::string Rlimit(GuestAddr addr);
  std::string Pollfds(GuestAddr addr, uint64_t count);
  // Of those with events: "[{fd=3, revents=POLLIN}]".
  std::string PolledFds(GuestAddr addr, uint64_t count);
  // The descriptors below `count` in a set of select(2)'s.
  std::string FdSet(GuestAddr addr, uint64_t count);
  std::string EpollEvents(GuestAddr addr, uint64_t count, bool list);
  std::string Stat(GuestAddr addr);
  // `found`: of a child that the call returned.
  std::string WaitStatus(GuestAddr addr, bool found);
  std::string FdPair(GuestAddr addr);
  std::string Utsname(GuestAddr addr);

  // Structures of single calls (strace_structs.cc).
  std::string Hexadecimal(GuestAddr addr, uint64_t length);
  std::string Int32(GuestAddr addr);
  std::string Int64(GuestAddr addr);
  std::string Address(GuestAddr addr);
  std::string Groups(GuestAddr addr, uint64_t count);
  std::string CpuSet(GuestAddr addr, uint64_t size);
  std::string Dirents(GuestAddr addr, uint64_t size);
  std::string Flock(GuestAddr addr, bool out);
  std::string Itimerspec(GuestAddr addr);
  std::string Itimerval(GuestAddr addr);
  std::string Timeval(GuestAddr addr);
  std::string Times(GuestAddr addr);
  std::string Usage(GuestAddr addr);
  std::string Siginfo(GuestAddr addr);
  std::string Sigevent(GuestAddr addr);
  std::string SignalNumber(GuestAddr addr);
  std::string SigsetArgument(GuestAddr addr);
  std::string Stack(GuestAddr addr);
  std::string Statfs(GuestAddr addr);
  std::string Statx(GuestAddr addr);
  std::string Sembufs(GuestAddr addr, uint64_t count);
  std::string Msgbuf(GuestAddr addr, uint64_t length);
  std::string Termios(GuestAddr addr);
  std::string Winsize(GuestAddr addr);
  std::string OpenHow(GuestAddr addr);
  std::string CloneArgs(GuestAddr addr);

  // Of sockets (strace_messages.cc). `available` bytes of data are filled; there
  // was room for a name of `name_room`.
  std::string Msghdr(GuestAddr addr, uint64_t available,
                     std::optional<uint64_t> name_room = std::nullopt);
  enum class Messages { kUnsent, kSent, kReceived };
  std::string Mmsghdrs(GuestAddr addr, uint64_t count, Messages which,
                       absl::Span<const uint64_t> name_rooms = {});
  std::string SockoptValue(uint64_t level, uint64_t option, GuestAddr addr,
                           uint64_t length);
  std::string SockoptOut(uint64_t level, uint64_t option, GuestAddr addr,
                         GuestAddr length_addr);

  // Of the system, of rights and of clocks (strace_system_structs.cc).
  std::string CapabilityData(GuestAddr addr, GuestAddr header_addr);
  std::string CapabilityHeader(GuestAddr addr);
  std::string EpollSlot(GuestAddr addr);
  std::string FileTimevals(GuestAddr addr);
  std::string FilterProgram(GuestAddr addr);
  std::string FutexWaiters(GuestAddr addr, uint64_t count);
  // "[SECCOMP_RET_ALLOW]".
  std::string NamedInt32(GuestAddr addr, NamedValues names,
                         const char* unknown);
  // Of System V's objects.
  std::string MsgStatus(GuestAddr addr);
  std::string SemStatus(GuestAddr addr);
  std::string ShmStatus(GuestAddr addr);
  std::string NodeMask(GuestAddr addr, uint64_t bits);
  std::string Owner(GuestAddr addr);
  std::string QueueAttributes(GuestAddr addr);
  std::string Residency(GuestAddr addr, uint64_t length);
  std::string SchedAttributes(GuestAddr addr);
  std::string SeccompSizes(GuestAddr addr);
  std::string Seconds(GuestAddr addr);
  std::string Sysinfo(GuestAddr addr);
  std::string TimeZone(GuestAddr addr);
  std::string Timex(GuestAddr addr);
  std::string Utimbuf(GuestAddr addr);

 private:
  std::string Control(GuestAddr addr, uint64_t length);

  // The object at `from`; false when it is not there.
  template <typename T>
  bool Read(GuestAddr from, T* to) {
    return from != 0 && memory_(to, from, sizeof(T)) == sizeof(T);
  }
  // At most `n` bytes, without those that are not there.
  std::string ReadBytes(GuestAddr from, size_t n);
  // A string's bytes up to its NUL, at most `most`; false when it has none.
  bool ReadString(GuestAddr from, size_t most, std::string* text);

  GuestReader memory_;
};

}  // namespace emu

#endif  // EMU_STRACE_VALUES_H_
