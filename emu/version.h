// SPDX-License-Identifier: Apache-2.0

#ifndef EMU_VERSION_H_
#define EMU_VERSION_H_

namespace emu {

inline constexpr char kVersion[] = "0.1.0";

}  // namespace emu

#endif  // EMU_VERSION_H_
