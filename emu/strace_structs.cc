// SPDX-License-Identifier: Apache-2.0
//
// Structures that few calls have.

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/time.h>
#include <sys/times.h>
#include <termios.h>

#include <algorithm>
#include <cstddef>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "emu/strace_names.h"
#include "emu/strace_signals.h"
#include "emu/strace_values.h"

namespace emu {
namespace {

constexpr uint64_t kShown = 32;

std::string TimespecText(const timespec& time) {
  return absl::StrCat("{tv_sec=", time.tv_sec, ", tv_nsec=", time.tv_nsec, "}");
}

std::string TimevalText(const timeval& time) {
  return absl::StrCat("{tv_sec=", time.tv_sec, ", tv_usec=", time.tv_usec, "}");
}

}  // namespace

std::string GuestValues::Hexadecimal(GuestAddr addr, uint64_t length) {
  const std::string bytes = ReadBytes(addr, std::min(length, kShown));
  if (bytes.empty() && length != 0) return PointerText(addr);
  std::string text = "\"";
  for (const char c : bytes) {
    absl::StrAppendFormat(&text, "\\x%02x", static_cast<unsigned char>(c));
  }
  return absl::StrCat(text, "\"", length > kShown ? "..." : "");
}

std::string GuestValues::Int32(GuestAddr addr) {
  int32_t value = 0;
  if (!Read(addr, &value)) return PointerText(addr);
  return absl::StrCat("[", value, "]");
}

std::string GuestValues::Int64(GuestAddr addr) {
  int64_t value = 0;
  if (!Read(addr, &value)) return PointerText(addr);
  return absl::StrCat("[", value, "]");
}

std::string GuestValues::Address(GuestAddr addr) {
  uint64_t value = 0;
  if (!Read(addr, &value)) return PointerText(addr);
  return absl::StrCat("[", PointerText(value), "]");
}

std::string GuestValues::Groups(GuestAddr addr, uint64_t count) {
  if (addr == 0) return "NULL";
  std::string text = "[";
  for (uint64_t i = 0; i < std::min(count, kShown); ++i) {
    uint32_t id = 0;
    if (!Read(addr + 4 * i, &id)) return PointerText(addr);
    absl::StrAppend(&text, i > 0 ? ", " : "", id);
  }
  return absl::StrCat(text, count > kShown ? ", ...]" : "]");
}

std::string GuestValues::CpuSet(GuestAddr addr, uint64_t size) {
  cpu_set_t set = {};
  size = std::min<uint64_t>(size, sizeof(set));
  if (addr == 0 || memory_(&set, addr, size) != size) return PointerText(addr);
  std::string text = "[";
  for (size_t cpu = 0; cpu < size * 8; ++cpu) {
    if (!CPU_ISSET(cpu, &set)) continue;
    absl::StrAppend(&text, text == "[" ? "" : " ", cpu);
  }
  return text + "]";
}

std::string GuestValues::Dirents(GuestAddr addr, uint64_t size) {
  uint64_t count = 0;
  for (uint64_t at = 0; at < size; ++count) {
    uint16_t length = 0;
    if (!Read(addr + at + offsetof(dirent64, d_reclen), &length) ||
        length == 0) {
      return PointerText(addr);
    }
    at += length;
  }
  return absl::StrCat(PointerText(addr), " /* ", count,
                      count == 1 ? " entry */" : " entries */");
}

std::string GuestValues::Flock(GuestAddr addr, bool out) {
  struct flock lock;
  if (!Read(addr, &lock)) return PointerText(addr);
  return absl::StrCat(
      "{l_type=", ValueName(static_cast<uint16_t>(lock.l_type), kLockTypeNames),
      ", l_whence=",
      ValueName(static_cast<uint16_t>(lock.l_whence), kWhenceNames),
      ", l_start=", lock.l_start, ", l_len=", lock.l_len,
      out ? absl::StrCat(", l_pid=", lock.l_pid) : "", "}");
}

std::string GuestValues::Itimerspec(GuestAddr addr) {
  itimerspec timer;
  if (!Read(addr, &timer)) return PointerText(addr);
  return absl::StrCat("{it_interval=", TimespecText(timer.it_interval),
                      ", it_value=", TimespecText(timer.it_value), "}");
}

std::string GuestValues::Itimerval(GuestAddr addr) {
  itimerval timer;
  if (!Read(addr, &timer)) return PointerText(addr);
  return absl::StrCat("{it_interval=", TimevalText(timer.it_interval),
                      ", it_value=", TimevalText(timer.it_value), "}");
}

std::string GuestValues::Timeval(GuestAddr addr) {
  timeval time;
  return Read(addr, &time) ? TimevalText(time) : PointerText(addr);
}

std::string GuestValues::Times(GuestAddr addr) {
  tms times;
  if (!Read(addr, &times)) return PointerText(addr);
  const auto ticks = [](clock_t n) {
    constexpr double kTicks = 100;  // in a second, on every ISA
    return n == 0 ? "0" : absl::StrFormat("%d /* %.2f s */", n, n / kTicks);
  };
  return absl::StrCat("{tms_utime=", ticks(times.tms_utime),
                      ", tms_stime=", ticks(times.tms_stime),
                      ", tms_cutime=", ticks(times.tms_cutime),
                      ", tms_cstime=", ticks(times.tms_cstime), "}");
}

std::string GuestValues::Usage(GuestAddr addr) {
  // The rest is not shown, and may not be known.
  timeval times[2];
  if (!Read(addr, &times)) return PointerText(addr);
  return absl::StrCat("{ru_utime=", TimevalText(times[0]),
                      ", ru_stime=", TimevalText(times[1]), ", ...}");
}

std::string GuestValues::Siginfo(GuestAddr addr) {
  // Kernels fill in no more than the first words.
  siginfo_t info = {};
  constexpr size_t kPart = 48;
  if (addr == 0 || memory_(&info, addr, kPart) != kPart) {
    return PointerText(addr);
  }
  return info.si_signo == 0 ? "{}" : SiginfoText(info);
}

std::string GuestValues::Sigevent(GuestAddr addr) {
  struct {
    uint64_t value;
    int32_t signo, notify, tid;
  } event;
  if (!Read(addr, &event)) return PointerText(addr);
  const std::string value =
      event.value == 0
          ? ""
          : absl::StrFormat("sigev_value={sival_int=%d, sival_ptr=%s}, ",
                            static_cast<int32_t>(event.value),
                            PointerText(event.value));
  const bool thread = event.notify == SIGEV_THREAD_ID;
  return absl::StrCat(
      "{", value, "sigev_signo=",
      event.notify == SIGEV_NONE ? absl::StrCat(event.signo)
                                 : SignalName(event.signo),
      ", sigev_notify=",
      ValueName(static_cast<uint32_t>(event.notify), kSigeventNames),
      thread ? absl::StrCat(", sigev_notify_thread_id=", event.tid) : "", "}");
}

std::string GuestValues::SignalNumber(GuestAddr addr) {
  int32_t signo = 0;
  if (!Read(addr, &signo)) return PointerText(addr);
  return absl::StrCat("[", signo == 0 ? "0" : SignalName(signo), "]");
}

std::string GuestValues::SigsetArgument(GuestAddr addr) {
  struct {
    uint64_t set, size;
  } argument;
  if (!Read(addr, &argument)) return PointerText(addr);
  return absl::StrCat("{sigmask=", Sigset(argument.set),
                      ", sigsetsize=", argument.size, "}");
}

std::string GuestValues::Stack(GuestAddr addr) {
  stack_t stack;
  if (!Read(addr, &stack)) return PointerText(addr);
  return absl::StrCat(
      "{ss_sp=", PointerText(reinterpret_cast<uint64_t>(stack.ss_sp)),
      ", ss_flags=",
      FlagNames(static_cast<uint32_t>(stack.ss_flags), kStackFlagNames),
      ", ss_size=", stack.ss_size, "}");
}

std::string GuestValues::Statfs(GuestAddr addr) {
  struct statfs fs;
  constexpr size_t kPart = offsetof(struct statfs, f_fsid);
  constexpr size_t kWhole = offsetof(struct statfs, f_spare);
  const size_t known = addr == 0 ? 0 : memory_(&fs, addr, kWhole);
  if (known < kPart) return PointerText(addr);
  std::string text = absl::StrFormat(
      "{f_type=%s, f_bsize=%d, f_blocks=%d, f_bfree=%d, f_bavail=%d, "
      "f_files=%d, f_ffree=%d, ",
      ValueName(static_cast<uint64_t>(fs.f_type), kFsMagicNames), fs.f_bsize,
      fs.f_blocks, fs.f_bfree, fs.f_bavail, fs.f_files, fs.f_ffree);
  if (known < kWhole) return text + "...}";
  const auto hex = [](int n) {
    return n == 0 ? "0" : PointerText(static_cast<uint32_t>(n));
  };
  return absl::StrCat(text, "f_fsid={val=[", hex(fs.f_fsid.__val[0]), ", ",
                      hex(fs.f_fsid.__val[1]), "]}, f_namelen=", fs.f_namelen,
                      ", f_frsize=", fs.f_frsize, ", f_flags=",
                      FlagNames(static_cast<uint64_t>(fs.f_flags),
                                kMountStateNames),
                      "}");
}

std::string GuestValues::Statx(GuestAddr addr) {
  struct statx st;
  constexpr size_t kPart = offsetof(struct statx, stx_blocks);
  if (addr == 0 || memory_(&st, addr, kPart) != kPart) return PointerText(addr);
  return absl::StrFormat(
      "{stx_mask=%s, stx_attributes=%s, stx_mode=%s, stx_size=%d, ...}",
      FlagNames(st.stx_mask, kStatxMaskNames),
      st.stx_attributes == 0 ? "0" : PointerText(st.stx_attributes),
      FileModeText(st.stx_mode), st.stx_size);
}

std::string GuestValues::Sembufs(GuestAddr addr, uint64_t count) {
  std::string text = "[";
  for (uint64_t i = 0; i < std::min(count, kShown); ++i) {
    sembuf op;
    if (!Read(addr + sizeof(op) * i, &op)) return PointerText(addr);
    absl::StrAppend(
        &text, i > 0 ? ", " : "", "{sem_num=", op.sem_num,
        ", sem_op=", op.sem_op, ", sem_flg=",
        FlagNames(static_cast<uint16_t>(op.sem_flg), kSemFlagNames), "}");
  }
  return absl::StrCat(text, count > kShown ? ", ...]" : "]");
}

std::string GuestValues::Msgbuf(GuestAddr addr, uint64_t length) {
  int64_t type = 0;
  if (!Read(addr, &type)) return PointerText(addr);
  return absl::StrCat("{mtype=", type,
                      ", mtext=", Bytes(addr + sizeof(type), length), "}");
}

std::string GuestValues::Termios(GuestAddr addr) {
  uint32_t flags[4];  // input, output, control, local
  if (!Read(addr, &flags)) return PointerText(addr);
  // Delays, which no terminal has.
  constexpr uint32_t kDelays = NLDLY | CRDLY | TABDLY | BSDLY | VTDLY | FFDLY;
  const std::string output = FlagNames(flags[1], kOutputFlagNames, "");
  const uint32_t control = flags[2] & ~(CBAUD | CSIZE);
  return absl::StrCat(
      "{c_iflag=", FlagNames(flags[0], kInputFlagNames), ", c_oflag=",
      (flags[1] & kDelays) == 0 ? "NL0|CR0|TAB0|BS0|VT0|FF0" : "",
      output.empty() ? "" : "|", output,
      ", c_cflag=", ValueName(flags[2] & CBAUD, kSpeedNames), "|",
      ValueName(flags[2] & CSIZE, kCharacterSizeNames),
      control == 0 ? "" : "|", FlagNames(control, kControlFlagNames, ""),
      ", c_lflag=", FlagNames(flags[3], kLocalFlagNames), ", ...}");
}

std::string GuestValues::Winsize(GuestAddr addr) {
  winsize size;
  if (!Read(addr, &size)) return PointerText(addr);
  return absl::StrFormat(
      "{ws_row=%d, ws_col=%d, ws_xpixel=%d, ws_ypixel=%d}", size.ws_row,
      size.ws_col, size.ws_xpixel, size.ws_ypixel);
}

std::string GuestValues::OpenHow(GuestAddr addr) {
  open_how how;
  if (!Read(addr, &how)) return PointerText(addr);
  return absl::StrCat(
      "{flags=", OpenFlagsText(how.flags, /*has_access=*/true),
      how.mode == 0 ? "" : absl::StrFormat(", mode=%#o", how.mode),
      ", resolve=", FlagNames(how.resolve, kResolveNames), "}");
}

std::string GuestValues::CloneArgs(GuestAddr addr) {
  // What is behind this came later, and is seldom used.
  struct {
    uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack,
        stack_size, tls;
  } args;
  if (!Read(addr, &args)) return PointerText(addr);
  std::string text = absl::StrCat("{flags=", CloneFlagsText(args.flags));
  const auto add = [&text](const char* name, uint64_t value) {
    absl::StrAppend(&text, ", ", name, "=", PointerText(value));
  };
  if (args.flags & CLONE_PIDFD) add("pidfd", args.pidfd);
  if (args.flags & (CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID)) {
    add("child_tid", args.child_tid);
  }
  if (args.flags & CLONE_PARENT_SETTID) add("parent_tid", args.parent_tid);
  absl::StrAppend(&text, ", exit_signal=",
                  args.exit_signal == 0
                      ? "0"
                      : SignalName(static_cast<int>(args.exit_signal)));
  add("stack", args.stack);
  absl::StrAppend(&text, ", stack_size=",
                  args.stack_size == 0 ? "0" : PointerText(args.stack_size));
  if (args.flags & CLONE_SETTLS) add("tls", args.tls);
  text += "}";
  if (args.flags & CLONE_PARENT_SETTID) {
    absl::StrAppend(&text, " => {parent_tid=", Int32(args.parent_tid), "}");
  }
  return text;
}

}  // namespace emu
