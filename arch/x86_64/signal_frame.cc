// SPDX-License-Identifier: Apache-2.0
#include "arch/x86_64/signal_frame.h"

#include <errno.h>
#include <signal.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "arch/isa/xstate.h"

namespace emu::isa {
namespace {

// --- The wire format, from arch/x86/include/uapi/asm/{sigcontext,ucontext}.h.

struct Context {  // struct sigcontext_64
  uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
  uint64_t di, si, bp, bx, dx, ax, cx, sp, ip, flags;
  uint16_t cs, gs, fs, ss;
  uint64_t err, trapno, oldmask, cr2;
  uint64_t fpstate;
  uint64_t reserved[8];
};
static_assert(sizeof(Context) == 256);

struct Stack {  // stack_t
  uint64_t sp;
  int32_t flags;
  uint32_t pad;
  uint64_t size;
};
static_assert(sizeof(Stack) == 24);

struct UserContext {  // struct ucontext
  uint64_t flags;
  uint64_t link;
  Stack stack;
  Context context;
  uint64_t mask;
};
static_assert(sizeof(UserContext) == 304);

struct Frame {  // struct rt_sigframe
  uint64_t restorer;
  UserContext user;
  SiginfoBytes info;
};
static_assert(sizeof(Frame) == 440);

// struct _fpx_sw_bytes: in the software's part of the FXSAVE image.
struct SoftwareBytes {
  uint32_t magic1;
  uint32_t extended_size;
  uint64_t features;
  uint32_t xstate_size;
  uint32_t padding[7];
};
static_assert(sizeof(SoftwareBytes) == 48);

constexpr uint32_t kMagic1 = 0x46505853;  // FP_XSTATE_MAGIC1
constexpr uint32_t kMagic2 = 0x46505845;  // FP_XSTATE_MAGIC2
constexpr size_t kMagic2Size = sizeof(kMagic2);

// uc_flags.
constexpr uint64_t kFpXstate = 1;         // UC_FP_XSTATE
constexpr uint64_t kSigcontextSs = 2;     // UC_SIGCONTEXT_SS
constexpr uint64_t kStrictRestoreSs = 4;  // UC_STRICT_RESTORE_SS

constexpr uint64_t kRedZone = 128;
// Room that a frame leaves for extended registers even where the CPU has fewer,
// so that addresses on the stack are the same on all: what AVX-512 and
// protection keys come to.
constexpr size_t kXsaveRoom = 2696;
constexpr uint64_t kXsaveAlignment = 64;
constexpr uint64_t kFrameAlignment = 16;

// Flags that a handler does not inherit, and those that sigreturn may set.
constexpr uint64_t kTf = 0x100, kDf = 0x400, kRf = 0x10000;
constexpr uint64_t kRestorableFlags =
    0x1 | 0x4 | 0x10 | 0x40 | 0x80 | kTf | kDf | 0x800 | kRf | 0x40000;

constexpr uint64_t kUserCs = 0x33;
constexpr uint64_t kUserSs = 0x2b;

// include/linux/sched/signal.h: __on_sig_stack.
bool OnStack(GuestAddr sp, const AltStack& stack) {
  return sp > stack.base && sp - stack.base <= stack.size;
}

struct Layout {
  size_t xsave_size;
  GuestAddr fpstate;
  GuestAddr frame;
};

// get_sigframe() of arch/x86/kernel/signal.c, with `room` bytes for the extended
// registers.
Result<Layout> PlaceIn(size_t room, const SignalFrame& frame, GuestAddr old_sp,
                       size_t xsave_size) {
  GuestAddr sp = old_sp - kRedZone;
  if (frame.on_altstack) sp = frame.altstack.base + frame.altstack.size;
  Layout layout;
  layout.xsave_size = xsave_size;
  layout.fpstate = (sp - room - kMagic2Size) & ~(kXsaveAlignment - 1);
  layout.frame =
      ((layout.fpstate - sizeof(Frame)) & ~(kFrameAlignment - 1)) - 8;
  // Growing out of the alternate stack is no way to use another's memory.
  const bool nested =
      (frame.flags & SA_ONSTACK) != 0 && OnStack(old_sp, frame.altstack);
  if ((frame.on_altstack || nested) && !OnStack(layout.frame, frame.altstack)) {
    return Errno(EFAULT);
  }
  return layout;
}

// A stack that is too small for all the room may do for what this CPU has.
Result<Layout> Place(const SignalFrame& frame, GuestAddr old_sp,
                     size_t xsave_size) {
  if (xsave_size < kXsaveRoom) {
    const Result<Layout> roomy =
        PlaceIn(kXsaveRoom, frame, old_sp, xsave_size);
    if (roomy.ok()) return roomy;
  }
  return PlaceIn(xsave_size, frame, old_sp, xsave_size);
}

Context SaveContext(const Registers& regs, const SignalFrame& frame,
                    GuestAddr fpstate) {
  Context c = {};
  c.r8 = regs.r8, c.r9 = regs.r9, c.r10 = regs.r10, c.r11 = regs.r11;
  c.r12 = regs.r12, c.r13 = regs.r13, c.r14 = regs.r14, c.r15 = regs.r15;
  c.di = regs.rdi, c.si = regs.rsi, c.bp = regs.rbp, c.bx = regs.rbx;
  c.dx = regs.rdx, c.ax = regs.rax, c.cx = regs.rcx;
  c.sp = regs.rsp, c.ip = regs.rip, c.flags = regs.eflags;
  c.cs = static_cast<uint16_t>(regs.cs);
  c.ss = static_cast<uint16_t>(regs.ss);
  c.err = frame.fault.error_code;
  c.trapno = frame.fault.trap_number;
  c.cr2 = frame.fault.addr;
  c.oldmask = frame.mask;
  c.fpstate = fpstate;
  return c;
}

void RestoreContext(const Context& c, Registers& regs) {
  regs.r8 = c.r8, regs.r9 = c.r9, regs.r10 = c.r10, regs.r11 = c.r11;
  regs.r12 = c.r12, regs.r13 = c.r13, regs.r14 = c.r14, regs.r15 = c.r15;
  regs.rdi = c.di, regs.rsi = c.si, regs.rbp = c.bp, regs.rbx = c.bx;
  regs.rdx = c.dx, regs.rax = c.ax, regs.rcx = c.cx;
  regs.rsp = c.sp, regs.rip = c.ip;
  regs.eflags =
      (regs.eflags & ~kRestorableFlags) | (c.flags & kRestorableFlags);
  // 32-bit code segments are not served, whatever the frame says.
  regs.cs = kUserCs;
  regs.ss = kUserSs;
  SetNoSyscall(regs);
}

// The frame's fpstate, from the extended registers as ptrace gave them.
void FillFpstate(char* out, absl::Span<const char> extended, size_t xsave_size,
                 uint64_t features) {
  std::memcpy(out, extended.data(), std::min(xsave_size, extended.size()));
  SoftwareBytes software = {};
  software.magic1 = kMagic1;
  software.extended_size = static_cast<uint32_t>(xsave_size + kMagic2Size);
  software.features = features;
  software.xstate_size = static_cast<uint32_t>(xsave_size);
  std::memcpy(out + kSoftwareBytes, &software, sizeof(software));
  XstateHeader header;
  std::memcpy(&header, out + kLegacySize, sizeof(header));
  header.features = (header.features & features) | kFeatureFp | kFeatureSse;
  std::memcpy(out + kLegacySize, &header, sizeof(header));
  CanonicalizeXstate(absl::MakeSpan(out, xsave_size));
  std::memcpy(out + xsave_size, &kMagic2, kMagic2Size);
}

// How much of the fpstate at `at` counts: all that its software's bytes claim,
// if they hold together, or else the legacy part (check_xstate_in_sigframe).
Result<SoftwareBytes> ReadSoftwareBytes(FrameMemory& memory, GuestAddr at,
                                        size_t xsave_size) {
  SoftwareBytes software;
  TRY(memory.CopyIn(&software, at + kSoftwareBytes, sizeof(software)));
  const bool plausible = software.magic1 == kMagic1 &&
                         software.xstate_size >= kMinXsaveSize &&
                         software.xstate_size <= xsave_size &&
                         software.xstate_size <= software.extended_size;
  if (plausible) {
    uint32_t magic2 = 0;
    TRY(memory.CopyIn(&magic2, at + software.xstate_size, sizeof(magic2)));
    if (magic2 == kMagic2) return software;
  }
  software.xstate_size = kLegacySize;
  software.features = kFeatureFp | kFeatureSse;
  return software;
}

Result<> RestoreFpstate(FrameMemory& memory, GuestAddr at,
                        absl::Span<char> extended) {
  if (at == 0) {
    SetInitialXstate(extended);
    return {};
  }
  const uint64_t features = FrameFeatures(extended);
  const SoftwareBytes software =
      TRY(ReadSoftwareBytes(memory, at, XsaveSize(features)));
  const bool whole = software.xstate_size > kLegacySize;
  if (at % (whole ? kXsaveAlignment : kFrameAlignment) != 0) {
    return Errno(EFAULT);
  }
  std::vector<char> bytes(software.xstate_size);
  TRY(memory.CopyIn(bytes.data(), at, bytes.size()));
  if (!ReplaceXstate(extended, bytes, software.features & features)) {
    return Errno(EFAULT);
  }
  return {};
}

}  // namespace

Result<> PushSignalFrame(const SignalFrame& signal, FrameMemory& memory,
                         Registers& regs, absl::Span<const char> extended) {
  constexpr uint64_t kRestorer = 0x04000000;  // SA_RESTORER
  if ((signal.flags & kRestorer) == 0) return Errno(EFAULT);
  const uint64_t features = FrameFeatures(extended);
  const Layout layout = TRY(Place(signal, regs.rsp, XsaveSize(features)));

  Frame frame = {};
  frame.restorer = signal.restorer;
  frame.user.flags = kFpXstate | kSigcontextSs | kStrictRestoreSs;
  frame.user.stack.sp = signal.altstack.base;
  frame.user.stack.flags = signal.altstack.flags;
  frame.user.stack.size = signal.altstack.size;
  frame.user.context = SaveContext(regs, signal, layout.fpstate);
  frame.user.mask = signal.mask;
  frame.info = signal.info;

  // Frame and fpstate in one copy, with the gap that alignment leaves.
  const size_t gap = layout.fpstate - layout.frame;
  std::vector<char> bytes(gap + layout.xsave_size + kMagic2Size);
  std::memcpy(bytes.data(), &frame, sizeof(frame));
  FillFpstate(bytes.data() + gap, extended, layout.xsave_size, features);
  TRY(memory.CopyOut(layout.frame, bytes.data(), bytes.size()));

  regs.rdi = static_cast<uint64_t>(signal.signo);
  regs.rsi = layout.frame + offsetof(Frame, info);
  regs.rdx = layout.frame + offsetof(Frame, user);
  regs.rax = 0;
  regs.rip = signal.handler;
  regs.rsp = layout.frame;
  regs.eflags &= ~(kDf | kRf | kTf);
  regs.cs = kUserCs;
  regs.ss = kUserSs;
  SetNoSyscall(regs);
  return {};
}

Result<RestoredFrame> PopSignalFrame(FrameMemory& memory, Registers& regs,
                                     absl::Span<char> extended) {
  // The restorer's address was popped by the handler's return.
  UserContext user;
  TRY(memory.CopyIn(&user, regs.rsp - 8 + offsetof(Frame, user), sizeof(user)));
  RestoreContext(user.context, regs);
  TRY(RestoreFpstate(memory, user.context.fpstate, extended));
  RestoredFrame restored;
  restored.mask = user.mask;
  restored.altstack.base = user.stack.sp;
  restored.altstack.flags = user.stack.flags;
  restored.altstack.size = user.stack.size;
  return restored;
}

size_t MinSignalStack() {
  // As a kernel that also serves 32-bit programs reckons, which all
  // distributions have: by its frame, and with its legacy floating-point state.
  constexpr size_t kIa32Frame = 736;
  constexpr size_t kIa32FloatingPoint = 112;
  const size_t fpstate =
      std::max(XsaveSize(EnabledFeatures()), kXsaveRoom) + kMagic2Size +
      kIa32FloatingPoint;
  const size_t most =
      kIa32Frame + (kFrameAlignment - 1) + fpstate + (kXsaveAlignment - 1);
  return (most + kFrameAlignment - 1) & ~(kFrameAlignment - 1);
}

}  // namespace emu::isa
