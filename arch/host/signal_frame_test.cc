// SPDX-License-Identifier: Apache-2.0
//
// Signal frames, executed: a handler runs in a guest and returns, and the guest
// finds its registers as they were. The bytes are compared with the host's own
// frames.

#include <signal.h>
#include <sys/auxv.h>
#include <ucontext.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

#include "arch/host/test_machine.h"
#include "arch/isa/xstate.h"

namespace emu {
namespace {

constexpr uint64_t kSaRestorer = 0x04000000;

// A guest's memory as the kernel would hand it over.
class PlainMemory : public FrameMemory {
 public:
  explicit PlainMemory(AddressSpace& memory) : memory_(memory) {}
  Result<> CopyIn(void* to, GuestAddr from, size_t n) override {
    if (memory_.CopyIn(to, from, n) != n) return Errno(EFAULT);
    return {};
  }
  Result<> CopyOut(GuestAddr to, const void* from, size_t n) override {
    if (memory_.CopyOut(to, from, n) != n) return Errno(EFAULT);
    return {};
  }

 private:
  AddressSpace& memory_;
};

// Sets every register it can, waits at a call, and tells them all at another.
GUEST_CODE(interrupted, R"(
  mov rbx, 0x11
  mov rbp, 0x22
  mov r8, 0x33
  mov r9, 0x44
  mov r10, 0x55
  mov r12, 0x66
  mov r13, 0x77
  mov rdx, 0x88
  mov rsi, 0x99
  mov rdi, 0xaa
  movq xmm0, rbx
  vpbroadcastq ymm7, xmm0
  mov qword ptr [rsp - 128], 0x1234    # the red zone's far end
  stc
  mov eax, 39
  syscall
  setc cl
  movzx r15, cl
  mov [0x500000], rax
  mov [0x500008], rbx
  mov [0x500010], rbp
  mov [0x500018], r8
  mov [0x500020], r9
  mov [0x500028], r10
  mov [0x500030], r12
  mov [0x500038], r13
  mov [0x500040], rdx
  mov [0x500048], rsi
  mov [0x500050], rdi
  mov [0x500058], rsp
  mov [0x500060], r15
  vextracti128 xmm7, ymm7, 1
  movq [0x500068], xmm7
  mov rcx, [rsp - 128]
  mov [0x500070], rcx
  mov eax, 60
  syscall
handler:
  mov eax, 186            # gettid
  mov r9, rsp
  syscall
  xor ebx, ebx
  xor ebp, ebp
  xor r8, r8
  xor r12, r12
  vzeroall
  ret
restorer:
  mov eax, 15
  syscall
)")
extern "C" const char handler[] __asm__("handler");
extern "C" const char restorer[] __asm__("restorer");

GuestAddr InGuest(const char* label) {
  return kCode + static_cast<GuestAddr>(label - interrupted.data());
}

class SignalFrameTest : public testing::Test {
 protected:
  SignalFrameTest() {
    frame_.signo = SIGUSR1;
    frame_.handler = InGuest(handler);
    frame_.restorer = InGuest(restorer);
    frame_.flags = kSaRestorer | SA_SIGINFO;
    frame_.mask = 0x1234;
    frame_.info[0] = SIGUSR1;
    frame_.fault.addr = 0xabc;
    frame_.fault.trap_number = 14;
    frame_.fault.error_code = 6;
    EXPECT_THAT(guest_.cpu->Run({}), IsSyscall(SYS_getpid));
    guest_.cpu->SetResult(1000);
  }

  // Runs the handler up to its first call, by which it says where it is.
  GuestAddr EnterHandler() {
    EXPECT_TRUE(guest_.cpu->PushSignalFrame(frame_, memory_).ok());
    Stop stop = guest_.cpu->Run({});
    EXPECT_THAT(stop, IsSyscall(SYS_gettid));
    EXPECT_EQ(stop.args[0], static_cast<uint64_t>(frame_.signo));
    EXPECT_EQ(stop.args[1] - stop.args[5], 312u) << "siginfo in the frame";
    EXPECT_EQ(stop.args[2] - stop.args[5], 8u) << "ucontext in the frame";
    EXPECT_EQ((stop.args[5] + 8) % 16, 0u) << "the stack's alignment";
    return stop.args[5];
  }

  Result<RestoredFrame> Return() {
    guest_.cpu->SetResult(0);
    EXPECT_THAT(guest_.cpu->Run({}), IsSyscall(SYS_rt_sigreturn));
    return guest_.cpu->PopSignalFrame(memory_);
  }

  uint64_t Told(int n) { return Peek<uint64_t>(*guest_.memory, kData + 8 * n); }

  TestMachine host_;
  Machine::Guest guest_ = host_.Start(interrupted);
  PlainMemory memory_{*guest_.memory};
  SignalFrame frame_;
};

TEST_F(SignalFrameTest, AHandlerReturnsToUnchangedRegisters) {
  EnterHandler();
  Result<RestoredFrame> restored = Return();
  ASSERT_TRUE(restored.ok());
  EXPECT_EQ(restored->mask, 0x1234u);
  ASSERT_THAT(guest_.cpu->Run({}), IsSyscall(SYS_exit));
  const uint64_t expected[] = {1000, 0x11,   0x22, 0x33, 0x44,
                               0x55, 0x66,   0x77, 0x88, 0x99,
                               0xaa, kStack, 1,    0x11, 0x1234};
  for (int i = 0; i < 15; ++i) EXPECT_EQ(Told(i), expected[i]) << i;
}

TEST_F(SignalFrameTest, ACallIsRestartedAfterTheHandler) {
  guest_.cpu->Restart();
  EnterHandler();
  ASSERT_TRUE(Return().ok());
  ASSERT_THAT(guest_.cpu->Run({}), IsSyscall(SYS_getpid));
}

TEST_F(SignalFrameTest, HandlersNest) {
  EnterHandler();
  frame_.signo = SIGUSR2;
  guest_.cpu->SetResult(0);
  EnterHandler();
  ASSERT_TRUE(Return().ok());
  ASSERT_TRUE(Return().ok());
  ASSERT_THAT(guest_.cpu->Run({}), IsSyscall(SYS_exit));
  EXPECT_EQ(Told(0), 1000u);
  EXPECT_EQ(Told(13), 0x11u);
}

TEST_F(SignalFrameTest, TheAlternateStackIsUsedFromItsTop) {
  guest_.memory->Map({0x600000, 0x4000, PROT_READ | PROT_WRITE, false, {}});
  frame_.altstack = {0x600000, 0x4000, 0};
  frame_.on_altstack = true;
  frame_.flags |= SA_ONSTACK;
  GuestAddr sp = EnterHandler();
  EXPECT_GT(sp, 0x600000u);
  EXPECT_LT(sp, 0x604000u);
  Result<RestoredFrame> restored = Return();
  ASSERT_TRUE(restored.ok());
  EXPECT_EQ(restored->altstack.base, 0x600000u);
  EXPECT_EQ(restored->altstack.size, 0x4000u);
}

TEST_F(SignalFrameTest, AnAlternateStackThatIsTooSmallIsRefused) {
  guest_.memory->Map({0x600000, 0x4000, PROT_READ | PROT_WRITE, false, {}});
  frame_.altstack = {0x602000, 0x400, 0};
  frame_.on_altstack = true;
  EXPECT_EQ(guest_.cpu->PushSignalFrame(frame_, memory_).error(),
            Errno(EFAULT));
}

TEST_F(SignalFrameTest, NoStackNoFrame) {
  guest_.cpu->SetStack(0x1000);
  EXPECT_EQ(guest_.cpu->PushSignalFrame(frame_, memory_).error(),
            Errno(EFAULT));
}

TEST_F(SignalFrameTest, NoRestorerNoFrame) {
  frame_.flags = SA_SIGINFO;
  EXPECT_EQ(guest_.cpu->PushSignalFrame(frame_, memory_).error(),
            Errno(EFAULT));
}

GUEST_CODE(faults, R"(
  nop
  mov rax, [0x1000]
)")

// The flags in the frame of a signal that comes when the thread has stopped so.
uint64_t FlagsInFrameAt(const RunLimit& limit, Stop::Kind stop) {
  TestMachine host;
  Machine::Guest guest = host.Start(faults);
  EXPECT_EQ(guest.cpu->Run(limit).kind, stop);
  PlainMemory memory(*guest.memory);
  SignalFrame frame;
  frame.flags = kSaRestorer;
  EXPECT_TRUE(guest.cpu->PushSignalFrame(frame, memory).ok());
  constexpr size_t kFlagsInFrame = 8 + 40 + 136;
  return Peek<uint64_t>(*guest.memory, guest.cpu->sp() + kFlagsInFrame);
}

// The CPU sets it so that what is found out of a breakpoint does not stop there
// again, and at each fault.
TEST(ResumeFlagTest, IsInTheFrameOfAFaultOnly) {
  constexpr uint64_t kResumeFlag = 0x1'0000;
  ExecutionPoint point;
  {
    TestMachine host;
    Machine::Guest guest = host.Start(faults);
    ASSERT_EQ(guest.cpu->Run({.step = true}).kind, Stop::Kind::kStep);
    point = guest.cpu->Point();
  }
  EXPECT_EQ(FlagsInFrameAt({.step = true}, Stop::Kind::kStep) & kResumeFlag, 0u);
  EXPECT_EQ(FlagsInFrameAt({.until = &point, .budget = 60'000'000'000},
                           Stop::Kind::kReached) & kResumeFlag, 0u);
  EXPECT_EQ(FlagsInFrameAt({}, Stop::Kind::kFault) & kResumeFlag, kResumeFlag);
}

// --- Compared with the host's.

ucontext_t host_context;
std::vector<char> host_fpstate;
char* host_frame;

void OnHostSignal(int, siginfo_t*, void* context) {
  host_context = *static_cast<ucontext_t*>(context);
  host_frame = static_cast<char*>(context) - 8;
  auto* fp = reinterpret_cast<char*>(host_context.uc_mcontext.fpregs);
  uint32_t size;
  std::memcpy(&size, fp + isa::kSoftwareBytes + 4, 4);
  host_fpstate.assign(fp, fp + size);
}

TEST_F(SignalFrameTest, LooksLikeTheHostsOwn) {
  struct sigaction action = {};
  action.sa_sigaction = OnHostSignal;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGUSR1, &action, nullptr);
  raise(SIGUSR1);

  const GuestAddr at = EnterHandler();
  auto user = Peek<std::array<char, 304>>(*guest_.memory, at + 8);
  ucontext_t ours = {};
  std::memcpy(&ours, user.data(), user.size());
  EXPECT_EQ(ours.uc_flags, host_context.uc_flags);
  EXPECT_EQ(ours.uc_link, nullptr);
  const greg_t* regs = ours.uc_mcontext.gregs;
  EXPECT_EQ(regs[REG_RBX], 0x11);
  EXPECT_EQ(regs[REG_RAX], 1000);
  EXPECT_EQ(static_cast<GuestAddr>(regs[REG_RSP]), kStack);
  EXPECT_EQ(regs[REG_CSGSFS], host_context.uc_mcontext.gregs[REG_CSGSFS]);
  EXPECT_EQ(regs[REG_ERR], 6);
  EXPECT_EQ(regs[REG_TRAPNO], 14);
  EXPECT_EQ(regs[REG_OLDMASK], 0x1234);
  EXPECT_EQ(regs[REG_CR2], 0xabc);

  const auto fp = reinterpret_cast<GuestAddr>(ours.uc_mcontext.fpregs);
  EXPECT_EQ(fp % 64, 0u);
  EXPECT_GE(fp, at + 440);
  std::vector<char> fpstate(host_fpstate.size());
  ASSERT_EQ(guest_.memory->CopyIn(fpstate.data(), fp, fpstate.size()),
            fpstate.size());
  // The software's bytes, and the magic behind the state.
  EXPECT_EQ(std::string(&fpstate[isa::kSoftwareBytes], 48),
            std::string(&host_fpstate[isa::kSoftwareBytes], 48));
  EXPECT_EQ(std::string(&fpstate[fpstate.size() - 4], 4),
            std::string(&host_fpstate[fpstate.size() - 4], 4));
  // MXCSR and its mask, the header's reserved part.
  EXPECT_EQ(std::string(&fpstate[24], 8), std::string(&host_fpstate[24], 8));
  EXPECT_EQ(std::string(&fpstate[520], 56),
            std::string(&host_fpstate[520], 56));
}

TEST_F(SignalFrameTest, TheLeastStackSufficesAndIsTheSameOnMostHosts) {
  const uint64_t host = getauxval(AT_MINSIGSTKSZ);
  EXPECT_EQ(host_.machine->platform().min_sigstack,
            std::max<uint64_t>(host, 3632));
}

// --- Frames that a guest has changed.

struct Hostile {
  const char* name;
  // Changes `bytes`, an integer of `size` at `offset` of the frame (or of the
  // fpstate).
  bool in_fpstate;
  size_t offset;
  uint64_t value;
  size_t size;
  bool accepted;
};

constexpr size_t kContext = 8 + 40;     // sigcontext in the frame
constexpr size_t kIp = kContext + 128;  // ip
constexpr size_t kFlags = kContext + 136;
constexpr size_t kSelectors = kContext + 144;
constexpr size_t kFpstate = kContext + 184;

class HostileFrameTest : public SignalFrameTest,
                         public testing::WithParamInterface<Hostile> {};

TEST_P(HostileFrameTest, IsRefusedOrMadeHarmless) {
  const Hostile& c = GetParam();
  const GuestAddr at = EnterHandler();
  const auto fp = Peek<GuestAddr>(*guest_.memory, at + kFpstate);
  const GuestAddr where = (c.in_fpstate ? fp : at) + c.offset;
  ASSERT_EQ(guest_.memory->CopyOut(where, &c.value, c.size), c.size);
  Result<RestoredFrame> restored = Return();
  ASSERT_EQ(restored.ok(), c.accepted);
  if (!c.accepted) {
    EXPECT_EQ(restored.error(), Errno(EFAULT));
    return;
  }
  // Whatever it was, the guest goes on as an ordinary guest.
  Stop stop = guest_.cpu->Run({});
  EXPECT_TRUE(stop.kind == Stop::Kind::kSyscall ||
              stop.kind == Stop::Kind::kFault)
      << testing::PrintToString(stop);
}

INSTANTIATE_TEST_SUITE_P(
    Frames, HostileFrameTest,
    testing::Values(
        Hostile{"KernelCs", false, kSelectors, 0x10, 2, true},
        Hostile{"KernelSs", false, kSelectors + 6, 0x18, 2, true},
        Hostile{"AllFlags", false, kFlags, ~uint64_t{0x100}, 8, true},
        Hostile{"NonCanonicalIp", false, kIp, 0x8000000000000000, 8, true},
        Hostile{"KernelIp", false, kIp, 0xffffffff81000000, 8, true},
        Hostile{"NoFpstate", false, kFpstate, 0, 8, true},
        Hostile{"WildFpstate", false, kFpstate, 0x123000, 8, false},
        Hostile{"KernelFpstate", false, kFpstate, 0xffff888000000000, 8, false},
        Hostile{"BadMxcsr", true, 24, 0xffffffff, 4, false},
        Hostile{"NoMagic", true, 464, 0, 4, true},
        Hostile{"SizeTooLarge", true, 480, 0x7fffffff, 4, true},
        Hostile{"SizeTooSmall", true, 480, 8, 4, true},
        Hostile{"AllFeatures", true, 472, ~uint64_t{0}, 8, true},
        Hostile{"UnknownFeature", true, 512, uint64_t{1} << 62, 8, false},
        Hostile{"Compacted", true, 520, uint64_t{1} << 63, 8, false},
        Hostile{"ReservedHeader", true, 528, 1, 8, false}),
    [](const auto& info) { return info.param.name; });

TEST_F(SignalFrameTest, AMisalignedFpstateIsRefused) {
  const GuestAddr at = EnterHandler();
  const auto fp = Peek<GuestAddr>(*guest_.memory, at + kFpstate);
  std::vector<char> bytes(16384);
  bytes.resize(guest_.memory->CopyIn(bytes.data(), fp, bytes.size()));
  guest_.memory->Map({0x600000, 0x8000, PROT_READ | PROT_WRITE, false, {}});
  guest_.memory->CopyOut(0x600008, bytes.data(), bytes.size());
  Poke<GuestAddr>(*guest_.memory, at + kFpstate, 0x600008);
  EXPECT_EQ(Return().error(), Errno(EFAULT));
}

}  // namespace
}  // namespace emu
