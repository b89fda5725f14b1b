// SPDX-License-Identifier: Apache-2.0

#include "arch/isa/cpu_info.h"

#include <cstdint>
#include <cstring>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "arch/isa/cpuid.h"

namespace emu::isa {
namespace {

// The time stamp counter that guests are shown.
constexpr char kMhz[] = "1000.000";

// Linux's names for CPUID's feature bits, by register and from bit 0 on; null:
// one that it does not name.
using Names = const char* [32];
constexpr Names kLeaf1Edx = {
    "fpu",  "vme",     "de",   "pse",  "tsc",  "msr",   "pae",  "mce",
    "cx8",  "apic",    nullptr, "sep", "mtrr", "pge",   "mca",  "cmov",
    "pat",  "pse36",   "pn",   "clflush", nullptr, "dts", "acpi", "mmx",
    "fxsr", "sse",     "sse2", "ss",   "ht",   "tm",    "ia64", "pbe"};
constexpr Names kExtendedEdx = {
    nullptr, nullptr, nullptr, nullptr,   nullptr,   nullptr, nullptr,
    nullptr, nullptr, nullptr, nullptr,   "syscall", nullptr, nullptr,
    nullptr, nullptr, nullptr, nullptr,   nullptr,   "mp",    "nx",
    nullptr, "mmxext", nullptr, nullptr,  "fxsr_opt", "pdpe1gb", "rdtscp",
    nullptr, "lm",    "3dnowext", "3dnow"};
constexpr Names kLeaf1Ecx = {
    "pni",     "pclmulqdq", "dtes64", "monitor", "ds_cpl", "vmx",
    "smx",     "est",       "tm2",    "ssse3",   "cid",    "sdbg",
    "fma",     "cx16",      "xtpr",   "pdcm",    nullptr,  "pcid",
    "dca",     "sse4_1",    "sse4_2", "x2apic",  "movbe",  "popcnt",
    "tsc_deadline_timer",   "aes",    "xsave",   nullptr,  "avx",
    "f16c",    "rdrand",    "hypervisor"};
constexpr Names kExtendedEcx = {
    "lahf_lm",  "cmp_legacy", "svm",       "extapic", "cr8_legacy", "abm",
    "sse4a",    "misalignsse", "3dnowprefetch", "osvw", "ibs",     "xop",
    "skinit",   "wdt",        nullptr,     "lwp",     "fma4",       "tce",
    nullptr,    "nodeid_msr", nullptr,     "tbm",     "topoext",
    "perfctr_core", "perfctr_nb", nullptr, "bpext",   "ptsc",
    "perfctr_llc", "mwaitx",  nullptr,     nullptr};
constexpr Names kLeaf7Ebx = {
    "fsgsbase", "tsc_adjust", "sgx",        "bmi1",     "hle",
    "avx2",     nullptr,      "smep",       "bmi2",     "erms",
    "invpcid",  "rtm",        "cqm",        nullptr,    "mpx",
    "rdt_a",    "avx512f",    "avx512dq",   "rdseed",   "adx",
    "smap",     "avx512ifma", nullptr,      "clflushopt", "clwb",
    "intel_pt", "avx512pf",   "avx512er",   "avx512cd", "sha_ni",
    "avx512bw", "avx512vl"};
constexpr Names kLeaf7Ecx = {
    nullptr,        "avx512vbmi",  "umip",       "pku",
    "ospke",        "waitpkg",     "avx512_vbmi2", nullptr,
    "gfni",         "vaes",        "vpclmulqdq", "avx512_vnni",
    "avx512_bitalg", "tme",        "avx512_vpopcntdq", nullptr,
    "la57",         nullptr,       nullptr,      nullptr,
    nullptr,        nullptr,       "rdpid",      nullptr,
    "bus_lock_detect", "cldemote", nullptr,      "movdiri",
    "movdir64b",    "enqcmd",      nullptr,      nullptr};
constexpr Names kXsave = {"xsaveopt", "xsavec", "xgetbv1", "xsaves"};

void AppendNames(const Names& names, uint32_t bits, std::string* text) {
  for (int bit = 0; bit < 32; ++bit) {
    if (((bits >> bit) & 1) == 0 || names[bit] == nullptr) continue;
    absl::StrAppend(text, text->empty() ? "" : " ", names[bit]);
  }
}

std::string Flags() {
  const CpuidLeaf basic = GuestCpuid(1, 0);
  const CpuidLeaf extended = GuestCpuid(0x8000'0001, 0);
  std::string text;
  AppendNames(kLeaf1Edx, basic.edx, &text);
  AppendNames(kExtendedEdx, extended.edx, &text);
  AppendNames(kLeaf1Ecx, basic.ecx, &text);
  AppendNames(kExtendedEcx, extended.ecx, &text);
  if (GuestCpuid(0, 0).eax >= 7) {
    const CpuidLeaf leaf7 = GuestCpuid(7, 0);
    AppendNames(kLeaf7Ebx, leaf7.ebx, &text);
    AppendNames(kLeaf7Ecx, leaf7.ecx, &text);
  }
  if (GuestCpuid(0, 0).eax >= 0xd) {
    AppendNames(kXsave, GuestCpuid(0xd, 1).eax, &text);
  }
  return text;
}

std::string Text(std::initializer_list<uint32_t> registers) {
  std::string text;
  for (const uint32_t value : registers) {
    char bytes[sizeof(value)];
    memcpy(bytes, &value, sizeof(value));
    text.append(bytes, sizeof(bytes));
  }
  return text.c_str();
}

std::string BrandName() {
  if (GuestCpuid(0x8000'0000, 0).eax < 0x8000'0004) return "unknown";
  std::string name;
  for (uint32_t leaf = 0x8000'0002; leaf <= 0x8000'0004; ++leaf) {
    const CpuidLeaf part = GuestCpuid(leaf, 0);
    name += Text({part.eax, part.ebx, part.ecx, part.edx});
  }
  return std::string(absl::StripAsciiWhitespace(name));
}

}  // namespace

std::string CpuInfo(int cpu, int cpus) {
  const CpuidLeaf vendor = GuestCpuid(0, 0);
  const uint32_t signature = GuestCpuid(1, 0).eax;
  uint32_t family = (signature >> 8) & 0xf;
  uint32_t model = (signature >> 4) & 0xf;
  if (family >= 6) model |= ((signature >> 16) & 0xf) << 4;
  if (family == 0xf) family += (signature >> 20) & 0xff;
  const CpuidLeaf sizes = GuestCpuid(0x8000'0008, 0);
  std::string text = absl::StrFormat(
      "vendor_id\t: %s\ncpu family\t: %d\nmodel\t\t: %d\nmodel name\t: %s\n"
      "stepping\t: %d\ncpu MHz\t\t: %s\ncache size\t: 1024 KB\n",
      Text({vendor.ebx, vendor.edx, vendor.ecx}), family, model, BrandName(),
      signature & 0xf, kMhz);
  absl::StrAppendFormat(
      &text,
      "physical id\t: 0\nsiblings\t: %d\ncore id\t\t: %d\ncpu cores\t: %d\n"
      "apicid\t\t: %d\ninitial apicid\t: %d\nfpu\t\t: yes\n"
      "fpu_exception\t: yes\ncpuid level\t: %d\nwp\t\t: yes\n",
      cpus, cpu, cpus, cpu, cpu, vendor.eax);
  absl::StrAppendFormat(
      &text,
      "flags\t\t: %s\nbugs\t\t:\nbogomips\t: 2000.00\nclflush size\t: 64\n"
      "cache_alignment\t: 64\naddress sizes\t: %d bits physical, %d bits "
      "virtual\npower management:\n",
      Flags(), sizes.eax & 0xff, (sizes.eax >> 8) & 0xff);
  return text;
}

}  // namespace emu::isa
