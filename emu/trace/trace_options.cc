// SPDX-License-Identifier: Apache-2.0

#include "emu/trace/trace_options.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <memory>
#include <utility>

#include "CLI/App.hpp"
#include "CLI/Config.hpp"
#include "CLI/Formatter.hpp"
#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "emu/option_parser.h"
#include "emu/values.h"

namespace emu {
namespace {

constexpr char kOverview[] =
    R"(Looks into recordings that emu record made.

Usage: emu trace info FILE...      what was recorded, and how it ended
       emu trace dump FILE         every event, a line each
       emu trace diff FILE FILE    where two runs part, and what led there
       emu trace files FILE        the files that the run used
       emu trace stats FILE        system calls by number, bytes by kind
       emu trace export FILE       for chrome://tracing and ui.perfetto.dev

Each explains itself: emu trace dump --help

Examples:
  emu trace dump --tid 3 --calls openat,read run.emu
  diff <(emu trace dump --no-times a.emu) <(emu trace dump --no-times b.emu)
  emu trace files --extract /etc/hostname run.emu
  emu trace export -o run.json run.emu

Exit status:
  0  it was done; diff: the runs are the same
  1  diff: they differ
  125  there was trouble: a file is damaged, the output cannot be written
)";

constexpr char kDumpFooter[] = R"(
A line is a call with its result, or another event of a thread:

  TIME TID openat(AT_FDCWD, "/etc/hosts", O_RDONLY) = 3 data=8f3a12bc
  TIME TID read(0, ...            the call begins; others come between
  TIME TID ... read(0, "hello world\n", 4096) = 12
  TIME TID waits|wakes|runs|makes TID|gets SIGNAL|ends, status N

Times are virtual, in seconds; took= is a call's own in nanoseconds, where that
is not the usual one. data= is a digest of all bytes that the call copied from
and to the program; before= of those since the call before. Runs that did the
same give the same lines; emu trace diff compares all that was recorded.
)";

absl::Status SetCount(uint64_t& to, const std::string& text) {
  const auto count = ParseCount(text, 0, std::numeric_limits<int64_t>::max());
  if (count.ok()) to = *count;
  return count.status();
}

absl::Status AddTid(std::set<int32_t>& to, const std::string& text) {
  for (const absl::string_view part : absl::StrSplit(text, ',')) {
    const auto tid = ParseCount(part, 1, std::numeric_limits<int32_t>::max());
    if (!tid.ok()) return tid.status();
    to.insert(static_cast<int32_t>(*tid));
  }
  return absl::OkStatus();
}

class TraceFormatter : public CLI::Formatter {
 public:
  explicit TraceFormatter(const char* files) : files_(files) {}

  std::string make_usage(const CLI::App* app, std::string) const override {
    return absl::StrCat("\nUsage: ", app->get_name(), " [options] ", files_,
                        "\n");
  }

 private:
  const char* const files_;
};

// One subcommand's parser.
class Parser {
 public:
  Parser(const std::string& command, TraceCommandOptions& o)
      : app_("", absl::StrCat("emu trace ", command)) {
    app_.set_help_flag();
    app_.add_flag("-h,--help", o.help, "Print this text");
    least_ = most_ = 1;
    if (command == "info") {
      Describe(
          "Says what was recorded and how it ended; reads and checks all "
          "events.");
      most_ = std::numeric_limits<size_t>::max();
      AddJson(o);
    } else if (command == "dump") {
      Describe("Prints every event, a line each.");
      app_.footer(kDumpFooter);
      AddJson(o);
      AddDump(o);
    } else if (command == "diff") {
      Describe(
          "Says where two runs part, what led there, and where they do the\n"
          "same again. 0: they are the same, 1: they differ.");
      least_ = most_ = 2;
      AddJson(o);
      Add("--context", "N", "So many events before that [10]",
          [&o](const std::string& text) { return SetCount(o.context, text); });
    } else if (command == "files") {
      Describe(
          "Lists the files that the run used: id, size, digest, mode and "
          "path.");
      AddJson(o);
      Add("--extract", "ID|PATH", "Print this one's content instead",
          [&o](const std::string& text) {
            o.extract = text;
            return absl::OkStatus();
          });
    } else if (command == "stats") {
      Describe(
          "Counts system calls and events, and what they take in the "
          "file.");
      AddJson(o);
    } else {
      Describe("Writes the events in another format.");
      AddExport(o);
    }
    app_.add_option("FILE", o.files)->group("")->allow_extra_args();
    app_.formatter(std::make_shared<TraceFormatter>(
        most_ == 1 ? "FILE" : most_ == 2 ? "FILE FILE" : "FILE..."));
    app_.get_formatter()->column_width(30);
  }

  CLI::App& app() { return app_; }

  absl::Status Parse(absl::Span<const std::string> args,
                     const TraceCommandOptions& o) {
    // CLI11 takes its arguments from the back.
    std::vector<std::string> reversed(args.rbegin(), args.rend());
    try {
      app_.parse(std::move(reversed));
    } catch (const CLI::ParseError& error) {
      std::string text = error.what();
      if (absl::StartsWith(text, "The following argument")) {
        text =
            absl::StrCat("unknown option ", text.substr(text.find(": ") + 2));
      }
      return Explained(text);
    }
    if (!o.help && (o.files.size() < least_ || o.files.size() > most_)) {
      return Explained(absl::StrCat(app_.get_name(), " takes ",
                                    least_ == 2  ? "two recordings"
                                    : most_ == 1 ? "one recording"
                                                 : "a recording"));
    }
    return absl::OkStatus();
  }

 private:
  absl::Status Explained(const std::string& text) const {
    return absl::InvalidArgumentError(
        absl::StrCat(text, " (", app_.get_name(), " --help explains)"));
  }

  void Describe(const char* text) { app_.description(text); }

  void Add(const std::string& name, const char* value, const std::string& help,
           Setter set) {
    AddOption(app_, name, value, help, std::move(set));
  }

  void AddJson(TraceCommandOptions& o) {
    app_.add_flag("--json", o.json, "Print JSON, for tools");
  }

  void AddDump(TraceCommandOptions& o) {
    Add("--from", "N", "Begin with event N, counted from 0",
        [&o](const std::string& text) { return SetCount(o.dump.from, text); });
    Add("--to", "N", "End before event N",
        [&o](const std::string& text) { return SetCount(o.dump.to, text); });
    Add("--tid", "TID[,TID...]", "These threads' events only",
        [&o](const std::string& text) { return AddTid(o.dump.tids, text); });
    Add("--calls", "NAME[,NAME...]", "These system calls only",
        [&o](const std::string& text) {
          for (const absl::string_view name : absl::StrSplit(text, ',')) {
            o.dump.calls.emplace(name);
          }
          return absl::OkStatus();
        });
    app_.add_flag("-n,--numbers", o.dump.numbers,
                  "Begin lines with the event's number");
    app_.add_flag_callback(
        "--no-times", [&o] { o.dump.times = false; },
        "Leave the times out: lines stay the same when\nothers come between");
    app_.add_flag("--inputs", o.dump.inputs,
                  "Show what came from outside, too: \"< KIND\"");
  }

  void AddExport(TraceCommandOptions& o) {
    Add("--format", "chrome", "The only one so far [chrome]",
        [&o](const std::string& text) -> absl::Status {
          o.format = text;
          if (text == "chrome") return absl::OkStatus();
          return absl::InvalidArgumentError(
              absl::StrCat(Quoted(text), " is not chrome"));
        });
    Add("-o,--output", "FILE", "Write there [standard output]",
        [&o](const std::string& text) {
          o.output = text;
          return absl::OkStatus();
        });
  }

  CLI::App app_;
  size_t least_;
  size_t most_;
};

const std::vector<std::pair<const char*, const char*>>& Commands() {
  // Never destroyed.
  static const auto* const commands =
      new std::vector<std::pair<const char*, const char*>>{
          {"info", "What was recorded, and how it ended"},
          {"dump", "Every event, a line each"},
          {"diff", "Where two runs part"},
          {"files", "The files that the run used"},
          {"stats", "System calls by number, bytes by kind"},
          {"export", "For chrome and Perfetto"},
      };
  return *commands;
}

bool IsCommand(const std::string& name) {
  return std::any_of(Commands().begin(), Commands().end(),
                     [&name](const auto& c) { return name == c.first; });
}

}  // namespace

absl::StatusOr<TraceCommandOptions> ParseTraceOptions(
    absl::Span<const std::string> args) {
  TraceCommandOptions options;
  if (args.empty()) {
    return absl::InvalidArgumentError(
        "emu trace does what? info, dump, diff, files, stats or export (emu "
        "trace --help explains)");
  }
  if (args[0] == "--help" || args[0] == "-h" || args[0] == "help") {
    options.help = true;
    if (args.size() > 1 && IsCommand(args[1])) options.command = args[1];
    return options;
  }
  if (!IsCommand(args[0])) {
    return absl::InvalidArgumentError(
        absl::StrCat("emu trace knows no ", Quoted(args[0]),
                     " (emu trace --help explains)"));
  }
  options.command = args[0];
  Parser parser(options.command, options);
  const absl::Status status = parser.Parse(args.subspan(1), options);
  if (!status.ok()) return status;
  options.dump.json = options.json;
  return options;
}

std::string TraceHelp(const std::string& command) {
  if (command.empty()) return kOverview;
  TraceCommandOptions options;
  return Parser(command, options).app().help();
}

std::vector<TraceCommandInfo> TraceCommandList() {
  std::vector<TraceCommandInfo> list;
  for (const auto& [name, help] : Commands()) {
    TraceCommandOptions options;
    Parser parser(name, options);
    TraceCommandInfo info{.name = name, .help = help, .options = {}};
    for (const CLI::Option* option : parser.app().get_options()) {
      if (option->get_lnames().empty()) continue;
      info.options.push_back(
          absl::StrCat("--", option->get_lnames()[0],
                       option->get_expected_min() > 0 ? "=" : ""));
    }
    list.push_back(std::move(info));
  }
  return list;
}

}  // namespace emu
