// SPDX-License-Identifier: Apache-2.0
//
// Terminals as guests and the kernel exchange them:
// include/uapi/asm-generic/termbits.h and termios.h. The C library's struct
// termios is another one; constants are those of <asm/termbits.h>.

#ifndef ARCH_ABI_TERMIOS_H_
#define ARCH_ABI_TERMIOS_H_

#include <cstdint>

namespace emu::abi {

inline constexpr int kTermiosChars = 19;  // NCCS
inline constexpr int kTermioChars = 8;    // NCC

struct termios {
  uint32_t c_iflag;
  uint32_t c_oflag;
  uint32_t c_cflag;
  uint32_t c_lflag;
  uint8_t c_line;
  uint8_t c_cc[kTermiosChars];
};
static_assert(sizeof(termios) == 36);

struct termios2 {
  uint32_t c_iflag;
  uint32_t c_oflag;
  uint32_t c_cflag;
  uint32_t c_lflag;
  uint8_t c_line;
  uint8_t c_cc[kTermiosChars];
  uint32_t c_ispeed;
  uint32_t c_ospeed;
};
static_assert(sizeof(termios2) == 44);

struct termio {
  uint16_t c_iflag;
  uint16_t c_oflag;
  uint16_t c_cflag;
  uint16_t c_lflag;
  uint8_t c_line;
  uint8_t c_cc[kTermioChars];
};
static_assert(sizeof(termio) == 18);

struct winsize {
  uint16_t ws_row;
  uint16_t ws_col;
  uint16_t ws_xpixel;
  uint16_t ws_ypixel;
};
static_assert(sizeof(winsize) == 8);

}  // namespace emu::abi

#endif  // ARCH_ABI_TERMIOS_H_
