// SPDX-License-Identifier: Apache-2.0
//
// What tests of calls' texts share: some guest memory, and calls on it.

#ifndef EMU_STRACE_FORMAT_TEST_FIXTURE_H_
#define EMU_STRACE_FORMAT_TEST_FIXTURE_H_

#include <string.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <string>

#include "emu/strace_format.h"
#include "gtest/gtest.h"

namespace emu {

// Guest memory: bytes at [kBase, kBase + 8192), and nothing else.
inline constexpr GuestAddr kBase = 0x10000;

class StraceFormatTest : public testing::Test {
 protected:
  // Puts `n` bytes behind those that are there; their address.
  GuestAddr Put(const void* from, size_t n) {
    const GuestAddr addr = kBase + memory_.size();
    memory_.append(static_cast<const char*>(from), n);
    return addr;
  }
  GuestAddr Put(const std::string& text) {
    return Put(text.c_str(), text.size() + 1);
  }
  template <typename T>
  GuestAddr Put(const T& value) {
    return Put(&value, sizeof(value));
  }

  std::string Format(const char* name, const char* parameters,
                     std::array<uint64_t, 6> args, int64_t result,
                     const char* result_type = "int") {
    const SyscallEntry entry = {.name = name,
                                .kind = SyscallEntry::Kind::kServed,
                                .note = "",
                                .parameters = parameters,
                                .result = result_type,
                                .error = 0,
                                .call = nullptr};
    return Format({&entry, 0, args}, result);
  }

  std::string Format(const TracedCall& call, int64_t result) {
    const auto read = [this](void* to, GuestAddr from, size_t n) -> size_t {
      if (from < kBase || from - kBase > memory_.size()) return 0;
      n = std::min(n, memory_.size() - (from - kBase));
      memcpy(to, &memory_[from - kBase], n);
      return n;
    };
    EnterText enter = FormatEnter(call, read);
    if (!knows_given_) enter.given = {};
    enter_ = enter.text;
    for (const auto& [addr, value] : store_) {
      memcpy(&memory_[addr - kBase], &value, sizeof(value));
    }
    store_.clear();
    const ExitText exit = FormatExit(call, enter, result, read);
    return enter.text + exit.arguments + " = " + exit.result;
  }

  std::string memory_;
  std::string enter_;  // of the last call
  std::map<GuestAddr, uint32_t> store_;  // what the next call stores
  bool knows_given_ = true;  // what was where calls store something
};

}  // namespace emu

#endif  // EMU_STRACE_FORMAT_TEST_FIXTURE_H_
