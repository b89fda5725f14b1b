// SPDX-License-Identifier: Apache-2.0
//
// How emu ends when the guest's own status is not the answer: the numbers that
// timeout(1), env(1) and `docker run` use.

#ifndef EMU_EXIT_STATUS_H_
#define EMU_EXIT_STATUS_H_

namespace emu {

inline constexpr int kExitTimedOut = 124;
inline constexpr int kExitFailure = 125;        // emu's own
inline constexpr int kExitCannotExecute = 126;  // the program is there, but
inline constexpr int kExitNotFound = 127;       // the program is not there
inline constexpr int kExitSignal = 128;         // plus the signal's number

}  // namespace emu

#endif  // EMU_EXIT_STATUS_H_
