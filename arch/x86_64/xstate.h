// SPDX-License-Identifier: Apache-2.0
//
// The extended registers in memory, as XSAVE lays them out in its standard
// format and as ptrace(2) hands them over. Included as arch/isa/xstate.h.

#ifndef ARCH_X86_64_XSTATE_H_
#define ARCH_X86_64_XSTATE_H_

#include <cstddef>
#include <cstdint>

#include "absl/types/span.h"

namespace emu::isa {

// The part that FXSAVE writes, of which the last 48 bytes are the software's.
inline constexpr size_t kLegacySize = 512;
inline constexpr size_t kSoftwareBytes = 464;
// The least that XSAVE writes: the legacy part and a header of 64 bytes.
inline constexpr size_t kMinXsaveSize = 576;

inline constexpr uint64_t kFeatureFp = 1;
inline constexpr uint64_t kFeatureSse = 2;

// struct fxregs_state's fields that matter and the XSAVE header. Overlays the
// bytes by memcpy.
struct XstateHeader {
  uint64_t features;  // XSTATE_BV: the parts that are not in initial state
  uint64_t compaction;
  uint64_t reserved[6];
};
static_assert(sizeof(XstateHeader) == 64);

// Features whose registers belong to a signal frame: those of `image`'s XCR0
// (ptrace keeps it in the software's bytes) but for AMX's tiles, which a
// process must ask for.
uint64_t FrameFeatures(absl::Span<const char> image);
// How many bytes XSAVE needs for `features`.
size_t XsaveSize(uint64_t features);
// The same for all that the CPU and the host's kernel have.
uint64_t EnabledFeatures();

// A digest of the registers alone, the same on every host: parts that are in
// their initial state, as those are that a CPU lacks, do not count, nor does what
// CPUs keep differently of the last x87 instruction.
uint64_t DigestXstate(absl::Span<const char> image, uint64_t before);

// Makes `image`, a frame's, the same wherever the registers are. XSTATE_BV says of a
// part in its initial state what the CPU knows of it, which depends on when the
// host last switched tasks; and of the last x87 instruction CPUs keep the address,
// or do not, unless it is about to raise an exception.
void CanonicalizeXstate(absl::Span<char> image);

// Makes `image`, filled by ptrace, what a new program finds.
void SetInitialXstate(absl::Span<char> image);

// Makes `image`, filled by ptrace, hold the registers of `frame`, of whose
// features only those in `mask` count. False: the CPU would refuse them.
bool ReplaceXstate(absl::Span<char> image, absl::Span<const char> frame,
                   uint64_t mask);

}  // namespace emu::isa

#endif  // ARCH_X86_64_XSTATE_H_
