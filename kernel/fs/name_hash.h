// SPDX-License-Identifier: Apache-2.0
//
// For tables of names in a directory. The same on every run.

#ifndef KERNEL_FS_NAME_HASH_H_
#define KERNEL_FS_NAME_HASH_H_

#include <cstddef>
#include <functional>
#include <string_view>

#include "absl/strings/string_view.h"

namespace emu {

struct NameHash {
  size_t operator()(absl::string_view name) const noexcept {
    return std::hash<std::string_view>()(
        std::string_view(name.data(), name.size()));
  }
};

}  // namespace emu

#endif  // KERNEL_FS_NAME_HASH_H_
