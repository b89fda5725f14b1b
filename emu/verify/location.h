// SPDX-License-Identifier: Apache-2.0
//
// Where in its program a recorded run was: the stack of the thread at an event,
// with names, files and lines as far as the programs' symbols tell.

#ifndef EMU_VERIFY_LOCATION_H_
#define EMU_VERIFY_LOCATION_H_

#include <string>

#include "emu/trace/compare.h"

namespace emu {

// Replays `recording` up to the event in which it differs from another, without
// output. Lines for people, the first of which calls the run `name`; or why it
// cannot be said.
std::string LocationText(const std::string& recording,
                         const TraceDivergence& divergence,
                         const std::string& name);

}  // namespace emu

#endif  // EMU_VERIFY_LOCATION_H_
