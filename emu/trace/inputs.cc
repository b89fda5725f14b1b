// SPDX-License-Identifier: Apache-2.0

#include "emu/trace/inputs.h"

#include "absl/strings/str_cat.h"

namespace emu {

std::string InputKindName(InputKind kind) {
  return absl::StrCat("input-", static_cast<int>(kind));
}

}  // namespace emu
