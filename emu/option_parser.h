// SPDX-License-Identifier: Apache-2.0
//
// What the command lines of emu's commands have in common beside CLI11.

#ifndef EMU_OPTION_PARSER_H_
#define EMU_OPTION_PARSER_H_

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "CLI/App.hpp"
#include "absl/status/status.h"
#include "absl/types/span.h"
#include "emu/option_info.h"

namespace emu {

// Stores what the option's text says, or says what is wrong with it.
using Setter = std::function<absl::Status(const std::string&)>;

// An option with a value, "-o,--output", which may come again: each is set.
// `value` is what help calls the value.
CLI::Option* AddOption(CLI::App& app, const std::string& name,
                       const char* value, const std::string& help, Setter set);

// How many of `args` come before the program. An option's value may look like
// anything; `--` ends the options and is counted.
size_t CountOptions(const CLI::App& app, absl::Span<const std::string> args);

// What the parser would say in words of its own.
absl::Status CheckOptions(const CLI::App& app,
                          absl::Span<const std::string> args);
absl::Status Explain(const CLI::App& app, const CLI::ParseError& error);

// For the shells' completion.
std::vector<OptionInfo> ListOptions(const CLI::App& app);

}  // namespace emu

#endif  // EMU_OPTION_PARSER_H_
