// SPDX-License-Identifier: Apache-2.0

#include "emu/trace/recording.h"

#include "absl/strings/str_format.h"

namespace emu {

std::string TraceDigest::ToString() const {
  return absl::StrFormat("%016x%016x", high, low);
}

}  // namespace emu
