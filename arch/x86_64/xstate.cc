// SPDX-License-Identifier: Apache-2.0
#include "arch/x86_64/xstate.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "arch/base/digest.h"
#include "arch/isa/cpuid.h"

namespace emu::isa {
namespace {

// Offsets in the legacy part.
constexpr size_t kStatusWord = 2;
constexpr size_t kOpcode = 6;  // and pointers of the last x87 instruction
constexpr size_t kMxcsr = 24;
constexpr size_t kMxcsrMask = 28;
constexpr size_t kRegisters = 32;
constexpr size_t kX87End = 160;  // of the x87 registers, before XMM0
constexpr size_t kXmmEnd = 416;

constexpr uint16_t kInitialControlWord = 0x37f;
constexpr uint16_t kExceptionSummary = 0x80;  // ES of the status word
constexpr uint32_t kInitialMxcsr = 0x1f80;
constexpr uint32_t kDefaultMxcsrMask = 0xffbf;
constexpr uint64_t kFeaturePkru = 1 << 9;
constexpr uint64_t kFeatureTileData = 1 << 18;
constexpr uint32_t kInitialPkru = 0x5555'5554;  // key 0 alone is accessible
constexpr uint32_t kXstateLeaf = 0xd;

template <typename T>
T Load(absl::Span<const char> bytes, size_t at) {
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof(value));
  return value;
}

template <typename T>
void Store(absl::Span<char> bytes, size_t at, const T& value) {
  std::memcpy(bytes.data() + at, &value, sizeof(value));
}

struct Part {
  uint32_t feature = 0;
  size_t offset = 0;
  size_t size = 0;
};

// Where the CPU keeps what is behind the header, in order of feature. CPUID is
// slow in a virtual machine: asked once.
std::vector<Part> FindParts() {
  std::vector<Part> parts;
  const uint64_t features = EnabledFeatures();
  for (uint32_t feature = 2; feature < 63; ++feature) {
    if (((features >> feature) & 1) == 0) continue;
    const CpuidLeaf leaf = HostCpuid(kXstateLeaf, feature);
    parts.push_back({feature, leaf.ebx, leaf.eax});
  }
  return parts;
}

// Asked for with the first image.
const std::vector<Part>& Parts() {
  static const std::vector<Part> parts = FindParts();
  return parts;
}

bool IsZero(const char* bytes, size_t size) {
  return std::all_of(bytes, bytes + size, [](char byte) { return byte == 0; });
}

// As a new program finds it.
bool IsInitial(const Part& part, const char* bytes) {
  if (uint64_t{1} << part.feature == kFeaturePkru &&
      std::memcmp(bytes, &kInitialPkru, sizeof(kInitialPkru)) == 0) {
    return true;
  }
  return IsZero(bytes, part.size);
}

// Zeroes all registers, but leaves what ptrace says of the format.
void Clear(absl::Span<char> image) {
  const uint32_t mxcsr_mask = Load<uint32_t>(image, kMxcsrMask);
  std::memset(image.data(), 0, kSoftwareBytes);
  Store(image, kMxcsrMask, mxcsr_mask);
  if (image.size() > kLegacySize) {
    std::memset(image.data() + kLegacySize, 0, image.size() - kLegacySize);
  }
}

}  // namespace

uint64_t EnabledFeatures() {
  const CpuidLeaf leaf = HostCpuid(kXstateLeaf, 0);
  return (static_cast<uint64_t>(leaf.edx) << 32) | leaf.eax;
}

uint64_t FrameFeatures(absl::Span<const char> image) {
  if (image.size() < kMinXsaveSize) return kFeatureFp | kFeatureSse;
  return Load<uint64_t>(image, kSoftwareBytes) & ~kFeatureTileData;
}

size_t XsaveSize(uint64_t features) {
  size_t size = kMinXsaveSize;
  for (uint32_t feature = 2; feature < 63; ++feature) {
    if (((features >> feature) & 1) == 0) continue;
    const CpuidLeaf leaf = HostCpuid(kXstateLeaf, feature);
    size = std::max<size_t>(size, size_t{leaf.eax} + leaf.ebx);
  }
  return size;
}

uint64_t DigestXstate(absl::Span<const char> image, uint64_t before) {
  if (image.size() < kLegacySize) return before;
  // The control and status words, and the tags; then MXCSR and the registers.
  before = Digest(image.data(), kOpcode, before);
  before = Digest(image.data() + kMxcsr, sizeof(uint32_t), before);
  before = Digest(image.data() + kRegisters, kXmmEnd - kRegisters, before);
  for (const Part& part : Parts()) {
    if (part.offset + part.size > image.size()) continue;
    const char* bytes = image.data() + part.offset;
    if (IsInitial(part, bytes)) continue;
    before = Digest(&part.feature, sizeof(part.feature), before);
    before = Digest(bytes, part.size, before);
  }
  return before;
}

void CanonicalizeXstate(absl::Span<char> image) {
  if (image.size() < kMinXsaveSize) return;
  if ((Load<uint16_t>(image, kStatusWord) & kExceptionSummary) == 0) {
    std::memset(image.data() + kOpcode, 0, kMxcsr - kOpcode);
  }
  uint64_t features = Load<uint64_t>(image, kLegacySize);
  for (const Part& part : Parts()) {
    if (part.offset + part.size > image.size()) continue;
    if (IsZero(image.data() + part.offset, part.size)) {
      features &= ~(uint64_t{1} << part.feature);
    }
  }
  Store(image, kLegacySize, features);
}

void SetInitialXstate(absl::Span<char> image) {
  if (image.size() < kLegacySize) return;
  Clear(image);
  Store(image, 0, kInitialControlWord);
  Store(image, kMxcsr, kInitialMxcsr);
  if (image.size() < kMinXsaveSize) return;
  XstateHeader header = {};
  header.features = kFeatureFp | kFeatureSse;
  if ((Load<uint64_t>(image, kSoftwareBytes) & kFeaturePkru) != 0) {
    const size_t offset = HostCpuid(kXstateLeaf, 9).ebx;
    if (offset + sizeof(kInitialPkru) <= image.size()) {
      Store(image, offset, kInitialPkru);
      header.features |= kFeaturePkru;
    }
  }
  Store(image, kLegacySize, header);
}

bool ReplaceXstate(absl::Span<char> image, absl::Span<const char> frame,
                   uint64_t mask) {
  if (image.size() < kLegacySize || frame.size() < kLegacySize) return false;
  uint32_t mxcsr_mask = Load<uint32_t>(image, kMxcsrMask);
  if (mxcsr_mask == 0) mxcsr_mask = kDefaultMxcsrMask;
  if ((Load<uint32_t>(frame, kMxcsr) & ~mxcsr_mask) != 0) return false;

  XstateHeader header = {};
  header.features = kFeatureFp | kFeatureSse;
  if (frame.size() >= kMinXsaveSize && image.size() >= kMinXsaveSize) {
    header = Load<XstateHeader>(frame, kLegacySize);
    constexpr uint64_t kNone[6] = {};
    if (header.compaction != 0 ||
        std::memcmp(header.reserved, kNone, sizeof(kNone)) != 0 ||
        (header.features & ~Load<uint64_t>(image, kSoftwareBytes)) != 0) {
      return false;
    }
    header.features &= mask;
  }
  Clear(image);
  if ((header.features & kFeatureFp) != 0) {
    std::memcpy(image.data(), frame.data(), kMxcsr);
    std::memcpy(image.data() + kMxcsrMask + 4, frame.data() + kMxcsrMask + 4,
                kX87End - kMxcsrMask - 4);
  } else {
    Store(image, 0, kInitialControlWord);
  }
  if ((header.features & kFeatureSse) != 0) {
    std::memcpy(image.data() + kX87End, frame.data() + kX87End,
                kXmmEnd - kX87End);
  }
  // Loaded whether the header names its feature or not.
  std::memcpy(image.data() + kMxcsr, frame.data() + kMxcsr, 4);
  header.features |= kFeatureFp | kFeatureSse;
  if (image.size() < kMinXsaveSize) return true;
  if (frame.size() > kMinXsaveSize) {
    std::memcpy(image.data() + kMinXsaveSize, frame.data() + kMinXsaveSize,
                std::min(image.size(), frame.size()) - kMinXsaveSize);
  }
  Store(image, kLegacySize, header);
  return true;
}

}  // namespace emu::isa
