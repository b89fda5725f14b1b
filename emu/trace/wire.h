// SPDX-License-Identifier: Apache-2.0
//
// How numbers are written in recordings: little-endian, or in varints of seven
// bits a byte, the lowest first and the last without its top bit.

#ifndef EMU_TRACE_WIRE_H_
#define EMU_TRACE_WIRE_H_

#include <bit>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <string>

#include "absl/strings/string_view.h"

namespace emu {

static_assert(std::endian::native == std::endian::little);

template <std::unsigned_integral T>
void AppendFixed(std::string& to, T value) {
  to.append(reinterpret_cast<const char*>(&value), sizeof(value));
}

// Requires: `from` has so many bytes.
template <std::unsigned_integral T>
T LoadFixed(const char* from) {
  T value;
  std::memcpy(&value, from, sizeof(value));
  return value;
}

inline constexpr size_t kLongestVarint = 10;

// Writes to `to`, which has room for the longest; what is behind it.
inline char* StoreVarint(char* to, uint64_t value) {
  while (value >= 0x80) {
    *to++ = static_cast<char>(value | 0x80);
    value >>= 7;
  }
  *to++ = static_cast<char>(value);
  return to;
}

inline void AppendVarint(std::string& to, uint64_t value) {
  char bytes[kLongestVarint];
  to.append(bytes, StoreVarint(bytes, value) - bytes);
}

// Takes a varint from [*at, end). False when it does not end there or is longer
// than its value needs.
inline bool TakeVarint(const char** at, const char* end, uint64_t* value) {
  uint64_t result = 0;
  const char* p = *at;
  for (int shift = 0; p != end && shift < 64; shift += 7) {
    const auto byte = static_cast<uint8_t>(*p++);
    if (shift == 63 && byte > 1) return false;
    result |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) {
      if (byte == 0 && shift != 0) return false;
      *at = p;
      *value = result;
      return true;
    }
  }
  return false;
}

inline bool TakeVarint(absl::string_view& from, uint64_t* value) {
  const char* at = from.data();
  if (!TakeVarint(&at, from.data() + from.size(), value)) return false;
  from.remove_prefix(at - from.data());
  return true;
}

// Bytes with their number before them.
inline void AppendBytes(std::string& to, absl::string_view bytes) {
  AppendVarint(to, bytes.size());
  to.append(bytes.data(), bytes.size());
}

inline bool TakeBytes(absl::string_view& from, absl::string_view* bytes) {
  uint64_t size = 0;
  if (!TakeVarint(from, &size) || size > from.size()) return false;
  *bytes = from.substr(0, size);
  from.remove_prefix(size);
  return true;
}

// Small numbers of both signs as small numbers: 0, -1, 1, -2 are 0, 1, 2, 3.
inline uint64_t ZigZag(uint64_t difference) {
  const auto value = static_cast<int64_t>(difference);
  return (difference << 1) ^ static_cast<uint64_t>(value >> 63);
}

inline uint64_t UnZigZag(uint64_t coded) {
  return (coded >> 1) ^ (~(coded & 1) + 1);
}

}  // namespace emu

#endif  // EMU_TRACE_WIRE_H_
