// SPDX-License-Identifier: Apache-2.0
#include "arch/isa/platform.h"

#include <elf.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <sys/utsname.h>

#include "arch/isa/cpuid.h"
#include "gtest/gtest.h"

namespace emu::isa {
namespace {

TEST(PlatformTest, IsThatOfTheHost) {
  const Machine::Platform platform = HostPlatform();
  utsname host;
  ASSERT_EQ(uname(&host), 0);
  EXPECT_STREQ(platform.machine, host.machine);
  EXPECT_STREQ(platform.machine,
               reinterpret_cast<const char*>(getauxval(AT_PLATFORM)));
  EXPECT_EQ(platform.elf_machine, EM_X86_64);
  EXPECT_EQ(platform.rt_sigreturn, static_cast<uint64_t>(SYS_rt_sigreturn));
  // Nothing that this CPU or its kernel lacks.
  EXPECT_EQ(platform.hwcap & ~HostCpuid(1, 0).edx, 0u);
  EXPECT_EQ(platform.hwcap2 & ~getauxval(AT_HWCAP2), 0u);
}

}  // namespace
}  // namespace emu::isa
