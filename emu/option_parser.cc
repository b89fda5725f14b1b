// SPDX-License-Identifier: Apache-2.0

#include "emu/option_parser.h"

#include <algorithm>
#include <utility>

#include "CLI/Config.hpp"
#include "CLI/Formatter.hpp"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "emu/suggestion.h"
#include "emu/values.h"

namespace emu {
namespace {

// Whether the option that `arg` spells takes the next argument as its value.
// Unknown options are left for the parser to complain about.
bool TakesNext(const CLI::App& app, const std::string& arg) {
  if (absl::StartsWith(arg, "--") ? absl::StrContains(arg, '=')
                                  : arg.size() > 2) {
    return false;
  }
  const CLI::Option* option = app.get_option_no_throw(arg);
  return option != nullptr && option->get_expected_min() > 0;
}

// "--root" of "--root=/"; "-w" of "-w/".
std::string NameOf(const std::string& arg) {
  if (absl::StartsWith(arg, "--")) return arg.substr(0, arg.find('='));
  return arg.substr(0, 2);
}

absl::Status UnknownOption(const CLI::App& app, const std::string& name) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& known : option->get_lnames()) {
      names.push_back(absl::StrCat("--", known));
    }
  }
  const std::string meant =
      absl::StartsWith(name, "--") ? Suggestion(name, names) : "";
  return absl::InvalidArgumentError(absl::StrCat(
      "unknown option ", name,
      meant.empty()
          ? absl::StrCat(" (", app.get_name(), " --help explains the options)")
          : absl::StrCat("; did you mean ", meant, "?")));
}

}  // namespace

CLI::Option* AddOption(CLI::App& app, const std::string& name,
                       const char* value, const std::string& help, Setter set) {
  const auto set_all = [set, name](const std::vector<std::string>& texts) {
    for (const std::string& text : texts) {
      const absl::Status status = set(text);
      if (status.ok()) continue;
      throw CLI::ValidationError(name.substr(name.find("--")),
                                 std::string(status.message()));
    }
  };
  return app
      .add_option_function<std::vector<std::string>>(name, set_all, help)
      ->option_text(value)
      ->expected(1)
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

size_t CountOptions(const CLI::App& app, absl::Span<const std::string> args) {
  size_t i = 0;
  while (i < args.size()) {
    const std::string& arg = args[i];
    if (arg == "--") return i + 1;
    if (arg.size() < 2 || arg[0] != '-') break;
    i += TakesNext(app, arg) ? 2 : 1;
  }
  return std::min(i, args.size());
}

absl::Status CheckOptions(const CLI::App& app,
                          absl::Span<const std::string> args) {
  for (size_t i = 0; i < args.size(); ++i) {
    const std::string name = NameOf(args[i]);
    const CLI::Option* option = app.get_option_no_throw(name);
    if (option == nullptr) return UnknownOption(app, name);
    const bool takes_value = option->get_expected_min() > 0;
    if (TakesNext(app, args[i]) && ++i == args.size()) {
      return absl::InvalidArgumentError(absl::StrCat(
          name, " needs a value: ", name, " ", option->get_option_text()));
    }
    if (!takes_value && args[i] != name && name != "--strace") {
      return absl::InvalidArgumentError(
          absl::StrCat(name, " takes no value: ", Quoted(args[i])));
    }
  }
  return absl::OkStatus();
}

absl::Status Explain(const CLI::App& app, const CLI::ParseError& error) {
  return absl::InvalidArgumentError(absl::StrCat(
      error.what(), " (", app.get_name(), " --help explains the options)"));
}

std::vector<OptionInfo> ListOptions(const CLI::App& app) {
  std::vector<OptionInfo> list;
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_positional()) continue;
    OptionInfo info;
    info.long_name = option->get_lnames().at(0);
    if (!option->get_snames().empty()) {
      info.short_name = option->get_snames().at(0);
    }
    if (option->get_expected_min() > 0) info.value = option->get_option_text();
    info.help = option->get_description();
    list.push_back(std::move(info));
  }
  return list;
}

}  // namespace emu
