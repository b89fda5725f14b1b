// SPDX-License-Identifier: Apache-2.0

#include "emu/strace_signals.h"

#include <string.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "absl/types/span.h"
#include "emu/strace_values.h"

namespace emu {
namespace {

struct Code {
  int value;
  const char* name;
};

// Codes that any signal may have.
constexpr Code kAnyCodes[] = {
    {SI_USER, "SI_USER"},   {SI_KERNEL, "SI_KERNEL"},
    {SI_QUEUE, "SI_QUEUE"}, {SI_TIMER, "SI_TIMER"},
    {SI_MESGQ, "SI_MESGQ"}, {SI_ASYNCIO, "SI_ASYNCIO"},
    {SI_SIGIO, "SI_SIGIO"}, {SI_TKILL, "SI_TKILL"},
};
constexpr Code kIllCodes[] = {
    {ILL_ILLOPC, "ILL_ILLOPC"}, {ILL_ILLOPN, "ILL_ILLOPN"},
    {ILL_ILLADR, "ILL_ILLADR"}, {ILL_ILLTRP, "ILL_ILLTRP"},
    {ILL_PRVOPC, "ILL_PRVOPC"}, {ILL_PRVREG, "ILL_PRVREG"},
};
constexpr Code kFpeCodes[] = {
    {FPE_INTDIV, "FPE_INTDIV"}, {FPE_INTOVF, "FPE_INTOVF"},
    {FPE_FLTDIV, "FPE_FLTDIV"}, {FPE_FLTOVF, "FPE_FLTOVF"},
    {FPE_FLTUND, "FPE_FLTUND"}, {FPE_FLTRES, "FPE_FLTRES"},
    {FPE_FLTINV, "FPE_FLTINV"}, {FPE_FLTSUB, "FPE_FLTSUB"},
};
constexpr Code kSegvCodes[] = {
    {SEGV_MAPERR, "SEGV_MAPERR"},
    {SEGV_ACCERR, "SEGV_ACCERR"},
};
constexpr Code kBusCodes[] = {
    {BUS_ADRALN, "BUS_ADRALN"},
    {BUS_ADRERR, "BUS_ADRERR"},
    {BUS_OBJERR, "BUS_OBJERR"},
};
constexpr Code kTrapCodes[] = {
    {TRAP_BRKPT, "TRAP_BRKPT"},
    {TRAP_TRACE, "TRAP_TRACE"},
};
constexpr Code kChildCodes[] = {
    {CLD_EXITED, "CLD_EXITED"},   {CLD_KILLED, "CLD_KILLED"},
    {CLD_DUMPED, "CLD_DUMPED"},   {CLD_TRAPPED, "CLD_TRAPPED"},
    {CLD_STOPPED, "CLD_STOPPED"}, {CLD_CONTINUED, "CLD_CONTINUED"},
};
constexpr Code kPollCodes[] = {
    {POLL_IN, "POLL_IN"},   {POLL_OUT, "POLL_OUT"}, {POLL_MSG, "POLL_MSG"},
    {POLL_ERR, "POLL_ERR"}, {POLL_PRI, "POLL_PRI"}, {POLL_HUP, "POLL_HUP"},
};

absl::Span<const Code> CodesOf(int signo) {
  switch (signo) {
    case SIGILL:
      return kIllCodes;
    case SIGFPE:
      return kFpeCodes;
    case SIGSEGV:
      return kSegvCodes;
    case SIGBUS:
      return kBusCodes;
    case SIGTRAP:
      return kTrapCodes;
    case SIGCHLD:
      return kChildCodes;
    case SIGIO:
      return kPollCodes;
    default:
      return {};
  }
}

std::string CodeName(const siginfo_t& info) {
  const bool any = info.si_code <= 0 || info.si_code == SI_KERNEL;
  const absl::Span<const Code> codes =
      any ? absl::MakeConstSpan(kAnyCodes) : CodesOf(info.si_signo);
  for (const Code& code : codes) {
    if (code.value == info.si_code) return code.name;
  }
  return absl::StrCat(info.si_code);
}

std::string Value(const siginfo_t& info) {
  return absl::StrCat(
      ", si_int=", info.si_value.sival_int, ", si_ptr=",
      PointerText(reinterpret_cast<uint64_t>(info.si_value.sival_ptr)));
}

std::string ChildFields(const siginfo_t& info) {
  const bool exited = info.si_code == CLD_EXITED;
  return absl::StrCat(
      ", si_pid=", info.si_pid, ", si_uid=", info.si_uid, ", si_status=",
      exited ? absl::StrCat(info.si_status) : SignalName(info.si_status),
      ", si_utime=", info.si_utime, ", si_stime=", info.si_stime);
}

// What follows the code.
std::string Fields(const siginfo_t& info) {
  switch (info.si_code) {
    case SI_KERNEL:
      return "";
    case SI_USER:
    case SI_TKILL:
      return absl::StrCat(", si_pid=", info.si_pid, ", si_uid=", info.si_uid);
    case SI_TIMER:
      return absl::StrCat(", si_timerid=", info.si_timerid,
                          ", si_overrun=", info.si_overrun, Value(info));
    default:
      break;
  }
  if (info.si_code < 0) {
    return absl::StrCat(", si_pid=", info.si_pid, ", si_uid=", info.si_uid,
                        Value(info));
  }
  switch (info.si_signo) {
    case SIGCHLD:
      return ChildFields(info);
    case SIGILL:
    case SIGFPE:
    case SIGSEGV:
    case SIGBUS:
    case SIGTRAP:
      return absl::StrCat(
          ", si_addr=", PointerText(reinterpret_cast<uint64_t>(info.si_addr)));
    case SIGIO:
      return absl::StrCat(", si_band=", info.si_band, ", si_fd=", info.si_fd);
    default:
      return "";
  }
}

}  // namespace

std::string SignalName(int signo) {
  if (signo >= 32 && signo <= 64) {
    return signo == 32 ? "SIGRTMIN" : absl::StrCat("SIGRT_", signo - 32);
  }
  if (signo == SIGIO) return "SIGIO";
  const char* name = sigabbrev_np(signo);
  return name != nullptr ? absl::StrCat("SIG", name) : absl::StrCat(signo);
}

std::string SignalSetText(uint64_t mask) {
  // The shorter of the set and its complement, as strace does.
  const bool inverted = __builtin_popcountll(mask) > 32;
  std::string text = inverted ? "~[" : "[";
  for (int signo = 1; signo <= 64; ++signo) {
    if (((mask >> (signo - 1)) & 1) == (inverted ? 1 : 0)) continue;
    absl::StrAppend(&text, text.back() == '[' ? "" : " ",
                    absl::StripPrefix(SignalName(signo), "SIG"));
  }
  return text + "]";
}

std::string SiginfoText(const siginfo_t& info) {
  return absl::StrCat("{si_signo=", SignalName(info.si_signo),
                      ", si_code=", CodeName(info), Fields(info), "}");
}

}  // namespace emu
