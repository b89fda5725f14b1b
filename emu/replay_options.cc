// SPDX-License-Identifier: Apache-2.0

#include "emu/replay_options.h"

#include <memory>
#include <utility>

#include "CLI/App.hpp"
#include "CLI/Config.hpp"
#include "CLI/Formatter.hpp"
#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "emu/option_parser.h"

namespace emu {
namespace {

constexpr char kDescription[] =
    "Runs again what emu record wrote to FILE, with nothing but the file: the\n"
    "same output comes, and the same exit status. Nothing of this host is read\n"
    "and, without --export, nothing is written. Every step is compared with the\n"
    "recording's; the first that differs ends the replay.\n";

constexpr char kFooter[] = R"(
Exit status:
  the recorded run's; 125 if the replay went another way, the recording was cut
  short or cannot be read; 128+N if signal N ended the replay
)";

class ReplayFormatter : public CLI::Formatter {
 public:
  std::string make_usage(const CLI::App*, std::string) const override {
    return "Usage: emu replay [options] FILE\n";
  }
};

class ReplayApp {
 public:
  explicit ReplayApp(ReplayOptions& o) : app_(kDescription, "emu replay") {
    app_.set_help_flag();
    app_.formatter(std::make_shared<ReplayFormatter>());
    app_.get_formatter()->column_width(30);
    app_.footer(kFooter);
    app_.add_option("FILE", o.file)->group("");
    AddOption(
        app_, "--export", "GUEST:HOST",
        "Copy what the guest has at GUEST in the end to\nHOST; of the host's "
        "files only those that the\nrecorded run read are there",
        [&o](const std::string& text) {
          auto option = ParseExport(text);
          if (option.ok()) o.exports.push_back(*std::move(option));
          return option.status();
        });
    app_.add_flag("--strace", strace_,
                  "Print every system call, as strace -f does, to\nstandard "
                  "error or FILE")
        ->option_text("[=FILE]")
        ->each([&o](const std::string& text) {
          // The parser's word for a flag without a value.
          o.strace = text == "true" ? "" : text;
        });
    app_.add_flag("--stats", o.stats,
                  "Print a table of the calls at the end, as\nstrace -c does");
    app_.add_flag("-h,--help", o.help, "Print this text");
  }

  CLI::App& app() { return app_; }

 private:
  CLI::App app_;
  std::string strace_;
};

absl::Status Explain(std::string text) {
  const absl::string_view extras = "The following argument";
  if (absl::StartsWith(text, extras)) {
    text = absl::StrCat("too much: ", text.substr(text.find(": ") + 2));
  }
  return absl::InvalidArgumentError(
      absl::StrCat(text, " (emu replay --help explains the options)"));
}

}  // namespace

absl::StatusOr<ReplayOptions> ParseReplayOptions(
    absl::Span<const std::string> args) {
  ReplayOptions options;
  ReplayApp replay(options);
  std::vector<std::string> reversed(args.rbegin(), args.rend());
  try {
    replay.app().parse(std::move(reversed));
  } catch (const CLI::ParseError& error) {
    return Explain(error.what());
  }
  if (!options.help && options.file.empty()) {
    return absl::InvalidArgumentError(
        "no recording to replay: emu replay [options] FILE (emu replay --help "
        "explains)");
  }
  return options;
}

std::string ReplayHelp() {
  ReplayOptions options;
  return ReplayApp(options).app().help();
}

std::vector<OptionInfo> ReplayOptionList() {
  ReplayOptions options;
  return ListOptions(ReplayApp(options).app());
}

}  // namespace emu
