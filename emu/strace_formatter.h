// SPDX-License-Identifier: Apache-2.0
//
// The text of a call's arguments, one by one. For strace_format.cc alone.

#ifndef EMU_STRACE_FORMATTER_H_
#define EMU_STRACE_FORMATTER_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "emu/strace_arguments.h"
#include "emu/strace_format.h"
#include "emu/strace_values.h"

namespace emu {

class Formatter {
 public:
  // `call` and `given` outlive it.
  Formatter(const TracedCall& call, const GivenNumbers& given, int64_t result,
            GuestReader memory)
      : call_(call), given_(given), result_(result), values_(memory) {}

  std::string Argument(size_t i, ArgumentKind kind);

 private:
  static uint64_t Low(uint64_t value) { return static_cast<uint32_t>(value); }

  uint64_t Arg(size_t i) const { return i < 6 ? call_.args[i] : 0; }
  // The length that the next argument is.
  uint64_t Next(size_t i) const { return Arg(i + 1); }

  std::optional<uint64_t> Given(size_t i) const {
    if (i >= given_.size() || given_[i].empty()) return std::nullopt;
    return given_[i][0];
  }

  // Numbers and strings; numbers that are made of several, or mean what another
  // argument says.
  std::string Number(size_t i, ArgumentKind kind);
  std::string Composed(size_t i, ArgumentKind kind);
  // What calls read.
  std::string Read(size_t i, ArgumentKind kind);
  std::string ReadState(size_t i, ArgumentKind kind);
  // What calls fill in.
  std::string Filled(size_t i, ArgumentKind kind);
  std::string FilledState(size_t i, ArgumentKind kind);
  std::string FilledSystem(size_t i, ArgumentKind kind);
  // Where calls that failed have filled nothing in.
  std::string Unfilled(size_t i, ArgumentKind kind);
  // A number that was given and may not have stayed: "[28]", "[28 => 16]".
  std::string GivenText(size_t i, ArgumentKind kind);
  // As much of a socket's address as there was room for.
  std::string SockaddrOut(size_t i);

  const TracedCall& call_;
  const GivenNumbers& given_;
  const int64_t result_;
  GuestValues values_;
};

}  // namespace emu

#endif  // EMU_STRACE_FORMATTER_H_
