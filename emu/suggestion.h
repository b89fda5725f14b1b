// SPDX-License-Identifier: Apache-2.0
//
// What a misspelt word was probably meant to be.

#ifndef EMU_SUGGESTION_H_
#define EMU_SUGGESTION_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace emu {

// The one of `words` that `word` is one or two slips from (a letter too many,
// too few, wrong, or two that changed places); empty when none is as near.
std::string Suggestion(absl::string_view word,
                       const std::vector<std::string>& words);

}  // namespace emu

#endif  // EMU_SUGGESTION_H_
