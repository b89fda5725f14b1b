// SPDX-License-Identifier: Apache-2.0
//
// The first line of a script, as execve(2) reads it.

#ifndef KERNEL_MM_SCRIPT_H_
#define KERNEL_MM_SCRIPT_H_

#include <string>

#include "absl/strings/string_view.h"
#include "arch/result.h"

namespace emu {

// How much of a file Linux looks at.
inline constexpr size_t kScriptBytes = 256;

struct ScriptLine {
  std::string interpreter;
  std::string argument;  // all of the rest of the line, or empty
  bool has_argument = false;
};

bool LooksLikeScript(absl::string_view first_bytes);
// ENOEXEC: no interpreter is named, or its name is cut off.
Result<ScriptLine> ParseScript(absl::string_view first_bytes);

}  // namespace emu

#endif  // KERNEL_MM_SCRIPT_H_
