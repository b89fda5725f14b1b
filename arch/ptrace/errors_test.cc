// SPDX-License-Identifier: Apache-2.0
//
// Every function's failure names its request, the tid and the errno.
#include <errno.h>
#include <signal.h>

#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "arch/base/host_status.h"
#include "arch/ptrace/isa/registers.h"
#include "arch/ptrace/ptrace.h"
#include "arch/ptrace/register_set.h"
#include "arch/ptrace/test_tracee.h"
#include "arch/ptrace/types.h"
#include "gtest/gtest.h"

namespace emu::ptrace {
namespace {

struct Case {
  const char* request;
  absl::Status (*call)(Tid);
};

GeneralRegisters::Regs regs;
siginfo_t info;

const Case kCases[] = {
    {"ATTACH", [](Tid t) { return attach(t); }},
    {"SEIZE", [](Tid t) { return seize(t); }},
    {"DETACH", [](Tid t) { return detach(t); }},
    {"CONT", [](Tid t) { return cont(t); }},
    {"SYSCALL", [](Tid t) { return syscall(t); }},
    {"SINGLESTEP", [](Tid t) { return step(t); }},
    {"INTERRUPT", [](Tid t) { return interrupt(t); }},
    {"LISTEN", [](Tid t) { return listen(t); }},
    {"KILL", [](Tid t) { return kill(t); }},
    {"SETOPTIONS", [](Tid t) { return setoptions(t, Options::NONE); }},
    {"GETEVENTMSG", [](Tid t) { return getevent(t).status(); }},
    {"GETSIGINFO", [](Tid t) { return getsiginfo(t).status(); }},
    {"SETSIGINFO", [](Tid t) { return setsiginfo(t, info); }},
    {"PEEKSIGINFO",
     [](Tid t) {
       return peeksiginfo(t, SignalQueue::THREAD, 0, absl::MakeSpan(&info, 1))
           .status();
     }},
    {"GETSIGMASK", [](Tid t) { return getsigmask(t).status(); }},
    {"SETSIGMASK", [](Tid t) { return setsigmask(t, SignalMask{}); }},
    {"GET_SYSCALL_INFO", [](Tid t) { return syscall_info(t).status(); }},
    {"PEEKDATA", [](Tid t) { return read(t, 0).status(); }},
    {"POKEDATA", [](Tid t) { return write(t, 0, 0); }},
    {"PEEKUSER", [](Tid t) { return read_user(t, UserOffset{}).status(); }},
    {"POKEUSER", [](Tid t) { return write_user(t, UserOffset{}, 0); }},
    {"GETREGSET",
     [](Tid t) { return getregset<GeneralRegisters>(t, &regs).status(); }},
    {"SETREGSET",
     [](Tid t) { return setregset<GeneralRegisters>(t, regs).status(); }},
};

class NoSuchProcessTest : public testing::TestWithParam<Case> {};

TEST_P(NoSuchProcessTest, NamesRequestTidAndErrno) {
  Tracee tracee = Tracee::Seize([] { return 0; });
  tracee.KillAndReap();
  const absl::Status status = GetParam().call(tracee.tid());
  EXPECT_EQ(ErrnoOf(status), ESRCH);
  EXPECT_EQ(status.message(),
            absl::StrCat("ptrace(PTRACE_", GetParam().request, ", ",
                         tracee.tid().value, "): No such process"));
}

INSTANTIATE_TEST_SUITE_P(EveryCall, NoSuchProcessTest,
                         testing::ValuesIn(kCases), [](const auto& info) {
                           return std::string(info.param.request);
                         });

}  // namespace
}  // namespace emu::ptrace
