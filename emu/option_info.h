// SPDX-License-Identifier: Apache-2.0
//
// An option of one of emu's commands, for the shells' completion.

#ifndef EMU_OPTION_INFO_H_
#define EMU_OPTION_INFO_H_

#include <string>

namespace emu {

struct OptionInfo {
  std::string long_name;   // without dashes
  std::string short_name;  // empty when there is none
  std::string value;       // what it takes: "DIR|TAR|OCI"; empty for a flag
  std::string help;
};

}  // namespace emu

#endif  // EMU_OPTION_INFO_H_
