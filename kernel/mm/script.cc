// SPDX-License-Identifier: Apache-2.0

#include "kernel/mm/script.h"

namespace emu {
namespace {

constexpr char kBlanks[] = " \t";
constexpr absl::string_view kTerminators(" \t\0", 3);

}  // namespace

bool LooksLikeScript(absl::string_view first_bytes) {
  return first_bytes.substr(0, 2) == "#!";
}

Result<ScriptLine> ParseScript(absl::string_view first_bytes) {
  // As in the kernel's buffer: zeroes follow a short file.
  std::string buffer(first_bytes.substr(0, kScriptBytes));
  buffer.resize(kScriptBytes);
  absl::string_view line(buffer);
  const size_t newline = line.find('\n');
  if (newline != line.npos) {
    line = line.substr(0, newline);
  } else {
    line = line.substr(0, kScriptBytes - 1);
    const size_t name = line.find_first_not_of(kBlanks, 2);
    if (name == line.npos) return Errno(ENOEXEC);
    // Without anything behind it the name may go on.
    if (line.find_first_of(kTerminators, name) == line.npos) {
      return Errno(ENOEXEC);
    }
  }
  const size_t last = line.find_last_not_of(kBlanks);
  line = line.substr(2, last < 2 ? 0 : last - 1);
  const size_t name = line.find_first_not_of(kBlanks);
  if (name == line.npos) return Errno(ENOEXEC);
  line.remove_prefix(name);
  ScriptLine script;
  const size_t name_end = line.find_first_of(kTerminators);
  script.interpreter = std::string(line.substr(0, name_end));
  if (name_end != line.npos && line[name_end] != '\0') {
    const absl::string_view rest = line.substr(name_end);
    const size_t argument = rest.find_first_not_of(kBlanks);
    if (argument != rest.npos) {
      script.has_argument = true;
      const std::string all(rest.substr(argument));
      script.argument = all.c_str();  // up to a NUL
    }
  }
  return script;
}

}  // namespace emu
