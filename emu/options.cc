// SPDX-License-Identifier: Apache-2.0

#include "emu/options.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <memory>

#include "CLI/App.hpp"
#include "CLI/Config.hpp"
#include "CLI/Formatter.hpp"
#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "emu/suggestion.h"

namespace emu {
namespace {

constexpr char kDescription[] =
    "Runs PROGRAM in emu's own kernel: it cannot see, wait for or change the\n"
    "host except through what the options name. The same command gives the\n"
    "same run, byte for byte.\n";

constexpr char kFooter[] = R"(
Examples:
  emu run date                       # always the same answer
  emu run bash                       # a shell in a copy of this machine
  emu run --strace python3 -c 'import os; print(os.getpid())'
  emu run -v "$PWD:/src" -w /src --export /src/out:./out make
  emu run --root alpine.tar -u root /bin/sh -c 'apk --version'
  emu run --seed random --epoch now --time host -- PROGRAM ARGS

What the guest finds, unless options say otherwise:
  files        the host's, read when first used; what is written is kept in
               memory and gone at the end
  directory    the one that emu is started in if the root is the host's, or /
  user         uid 1000, gid 1000
  environment  PATH HOME USER LOGNAME SHELL LANG=C.UTF-8, and TERM at a terminal
  time         starts at 2030-01-01T00:00:00Z, later than the files it meets;
               moves with what the guest does, and skips sleeps
  processors   1: guests run one thread at a time, so more make nothing faster
  network      loopback only

WARNING: without --seed random, everything that the guest draws by chance is
known to whoever knows the seed. Never use keys, passwords, tokens or nonces
that were made so.

Exit status:
  the program's own, or 128+N if signal N ended it;
  124  --timeout is over            126  PROGRAM cannot be executed
  125  emu itself failed            127  PROGRAM is not found
)";

constexpr char kRecordDescription[] =
    "Runs PROGRAM as emu run does, and writes all that it needs to happen again\n"
    "to a file: `emu replay FILE` shows the same run on any machine, with none\n"
    "of the files, input or time that it had here.\n";

constexpr char kRecordFooter[] = R"(
Examples:
  emu record make test               # to emu.trace
  emu record -o ci.trace --seed random -- ./flaky_test
  emu replay ci.trace                # the same output, as often as you like

The file holds the content of every host file that was opened, the environment
and everything typed: treat it as you would treat those. It can be replayed from
the start on while it is being written, and after emu was killed.

The program, what it finds and the exit status are as emu run --help says.
)";

constexpr char kVerifyDescription[] =
    "Runs PROGRAM some times, each under other conditions of the host (processor,\n"
    "load, environment, umask, time, address layout of emu), and compares what\n"
    "happened, event by event. The output of the first run is shown.\n";

constexpr char kVerifyFooter[] = R"(
Examples:
  emu verify make test
  emu verify -n 20 --seed 7 -- ./threads

All runs find the same on standard input: a file is read again by each, what
comes through a pipe is read to its end first, and from a terminal nothing is
read. Where runs part, the first event in which they differ is shown, with what
led to it and where the program was in both.

Exit status:
  0    all runs agree, whatever the program's own status was
  1    they do not
  125  it could not be found out
)";

constexpr char kVerification[] = "Verification";
constexpr char kRecording[] = "Recording";
constexpr char kFiles[] = "Files";
constexpr char kProgram[] = "Program";
constexpr char kMachine[] = "Machine";
constexpr char kRun[] = "What decides a run";
constexpr char kReports[] = "Reports";
constexpr char kHost[] = "The host";

using Setter = std::function<absl::Status(const std::string&)>;

// Stores what `parse` makes of an option's text.
template <typename Parse, typename T>
Setter Into(T& target, Parse parse) {
  return [&target, parse](const std::string& text) {
    auto value = parse(text);
    if (value.ok()) target = *std::move(value);
    return value.status();
  };
}

template <typename Parse, typename T>
Setter Append(std::vector<T>& target, Parse parse) {
  return [&target, parse](const std::string& text) {
    auto value = parse(text);
    if (value.ok()) target.push_back(*std::move(value));
    return value.status();
  };
}

absl::StatusOr<std::string> NotEmpty(const std::string& text) {
  if (!text.empty()) return text;
  return absl::InvalidArgumentError("the value is empty");
}

absl::Status SetEnv(RunOptions& options, const std::string& text) {
  const size_t equals = text.find('=');
  if (text.empty() || equals == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(Quoted(text), " is not NAME or NAME=VALUE"));
  }
  if (equals == std::string::npos) {
    options.env.emplace_back(text, std::nullopt);
  } else {
    options.env.emplace_back(text.substr(0, equals), text.substr(equals + 1));
  }
  return absl::OkStatus();
}

absl::Status SetHostname(RunOptions& options, const std::string& text) {
  // What sethostname(2) takes.
  if (text.empty() || text.size() > 64) {
    return absl::InvalidArgumentError(
        absl::StrCat(Quoted(text), " is not a name of 1 to 64 bytes"));
  }
  options.hostname = text;
  return absl::OkStatus();
}

absl::Status SetSeed(RunOptions& options, const std::string& text) {
  if (text == "random") {
    options.seed = std::nullopt;
    return absl::OkStatus();
  }
  absl::StatusOr<uint64_t> seed =
      ParseCount(text, 0, std::numeric_limits<uint64_t>::max());
  if (!seed.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat(seed.status().message(), " nor the word \"random\""));
  }
  options.seed = *seed;
  return absl::OkStatus();
}

absl::Status SetEpoch(RunOptions& options, const std::string& text) {
  if (text == "now") {
    options.epoch = std::nullopt;
    return absl::OkStatus();
  }
  absl::StatusOr<Nanos> date = ParseDate(text);
  if (date.ok()) options.epoch = *date;
  return date.status();
}

absl::Status SetTime(RunOptions& options, const std::string& text) {
  if (text != "virtual" && text != "host") {
    return absl::InvalidArgumentError(
        absl::StrCat(Quoted(text), " is neither \"virtual\" nor \"host\""));
  }
  options.host_time = text == "host";
  return absl::OkStatus();
}

absl::Status SetMtime(RunOptions& options, const std::string& text) {
  if (text == "fixed") {
    options.mtime = ImportedTimes::kFixed;
  } else if (text == "clamp") {
    options.mtime = ImportedTimes::kClamp;
  } else if (text == "host") {
    options.mtime = ImportedTimes::kHost;
  } else {
    return absl::InvalidArgumentError(absl::StrCat(
        Quoted(text), " is none of \"fixed\", \"clamp\" and \"host\""));
  }
  return absl::OkStatus();
}

absl::Status SetMemoryAccess(RunOptions& options, const std::string& text) {
  using Access = RunOptions::MemoryAccess;
  constexpr std::pair<const char*, Access> kWays[] = {
      {"auto", Access::kAuto},
      {"vm", Access::kProcessVm},
      {"proc", Access::kProcMem},
      {"words", Access::kWords}};
  for (const auto& [name, access] : kWays) {
    if (text != name) continue;
    options.memory_access = access;
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat(
      Quoted(text), " is none of \"auto\", \"vm\", \"proc\" and \"words\""));
}

class RunFormatter : public CLI::Formatter {
 public:
  std::string make_usage(const CLI::App* app, std::string) const override {
    return absl::StrCat("Usage: ", app->get_name(),
                        " [options] [--] PROGRAM [ARGS]\n");
  }
};

// The parser of `emu run`, which fills `options`.
class RunApp {
 public:
  explicit RunApp(RunOptions& options) : RunApp(options, "emu run") {
    app_.description(kDescription);
    app_.footer(kFooter);
  }
  explicit RunApp(RecordOptions& options)
      : RunApp(options.run, "emu record") {
    app_.description(kRecordDescription);
    app_.footer(kRecordFooter);
    Add(kRecording, "-o,--output", "FILE",
        absl::StrCat("Write the recording there, over what is there\n[",
                     kDefaultRecording, ", if there is none]"),
        Into(options.output, NotEmpty));
  }
  explicit RunApp(VerifyOptions& options)
      : RunApp(options.run, "emu verify") {
    app_.description(kVerifyDescription);
    app_.footer(kVerifyFooter);
    Add(kVerification, "-n,--runs", "N", "How many times [3]",
        Into(options.runs, [](const std::string& text) {
          return ParseCount(text, 2, 1'000'000);
        }));
  }
  RunApp(const RunApp&) = delete;
  RunApp& operator=(const RunApp&) = delete;

  CLI::App& app() { return app_; }

 private:
  RunApp(RunOptions& options, const char* name) : app_("", name) {
    app_.set_help_flag();
    app_.formatter(std::make_shared<RunFormatter>());
    app_.get_formatter()->column_width(30);
    AddFiles(options);
    AddProgram(options);
    AddMachine(options);
    AddRun(options);
    AddReports(options);
    AddHost(options);
  }

  void Add(const char* group, const std::string& name, const char* value,
           const std::string& help, Setter set) {
    app_.add_option_function<std::vector<std::string>>(
            name,
            [set, name](const std::vector<std::string>& texts) {
              for (const std::string& text : texts) {
                const absl::Status status = set(text);
                if (status.ok()) continue;
                throw CLI::ValidationError(name.substr(name.find("--")),
                                           std::string(status.message()));
              }
            },
            help)
        ->option_text(value)
        ->group(group)
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  }

  void AddFiles(RunOptions& o) {
    Add(kFiles, "--root", "DIR|TAR|OCI",
        "The guest's /: a directory, a tar archive\n(also .gz .xz .zst) or an "
        "OCI image layout",
        Into(o.root, NotEmpty));
    Add(kFiles, "-v,--volume", "HOST:GUEST[:ro|rw]",
        "Show a host's file or directory at GUEST;\nwith :rw the guest changes "
        "the host's own,\nelse what it writes is dropped",
        Append(o.binds, ParseBind));
    Add(kFiles, "--tmpfs", "GUEST", "An empty file system in memory at GUEST",
        Append(o.tmpfs, ParseGuestPath));
    Add(kFiles, "--export", "GUEST:HOST",
        "Copy GUEST to HOST at the end, even of a\nfailed run; HOST appears "
        "whole or not at all",
        Append(o.exports, ParseExport));
  }

  void AddProgram(RunOptions& o) {
    Add(kProgram, "-w,--workdir", "GUEST", "Start in this directory",
        Into(o.workdir, ParseGuestPath));
    Add(kProgram, "-e,--env", "NAME[=VALUE]",
        "Set a variable; without =VALUE as emu has it",
        [&o](const std::string& text) { return SetEnv(o, text); });
    app_.add_flag("--env-host", o.env_host, "Pass emu's whole environment on")
        ->group(kProgram);
    Add(kProgram, "-u,--user", "USER[:GROUP]",
        "Run as this user: numbers, or names in the\nguest's /etc/passwd and "
        "/etc/group [1000:1000]",
        Into(o.user, ParseUser));
  }

  void AddMachine(RunOptions& o) {
    Add(kMachine, "--hostname", "NAME", "The machine's name [emu]",
        [&o](const std::string& text) { return SetHostname(o, text); });
    Add(kMachine, "--cpus", "N", "How many processors it seems to have [1]",
        Into(o.cpus, [](const std::string& text) {
          return ParseCount(text, 1, 64);
        }));
    Add(kMachine, "--memory", "SIZE",
        "How much memory it seems to have, and has, the\nfiles that it writes among it [4G]",
        Into(o.memory, [](const std::string& text) -> absl::StatusOr<uint64_t> {
          absl::StatusOr<uint64_t> size = ParseSize(text);
          if (!size.ok() || *size >= (1 << 20)) return size;
          return absl::InvalidArgumentError("less than 1M is too little");
        }));
    Add(kMachine, "--pids-limit", "N", "Processes and threads at a time [4096]",
        Into(o.pids_limit, [](const std::string& text) {
          return ParseCount(text, 1, 32768);
        }));
  }

  void AddRun(RunOptions& o) {
    Add(kRun, "--seed", "N|random",
        "What randomness is made of [0]. Any N but 0\nalso draws the order "
        "of threads from it, to\nfind races; random: the host's entropy",
        [&o](const std::string& text) { return SetSeed(o, text); });
    Add(kRun, "--epoch", "DATE|now",
        "The time at the start [2030-01-01, or the\nvariable "
        "SOURCE_DATE_EPOCH]",
        [&o](const std::string& text) { return SetEpoch(o, text); });
    Add(kRun, "--time", "virtual|host",
        "Whether time moves by what the guest does or\nas on the host "
        "[virtual]",
        [&o](const std::string& text) { return SetTime(o, text); });
    Add(kRun, "--mtime", "fixed|clamp|host",
        "How old the host's files seem: as old as the\nrun; no younger than it; "
        "or as they are [fixed]",
        [&o](const std::string& text) { return SetMtime(o, text); });
    app_.add_flag("--strict", o.strict,
                  "Fail with 125 if something happened that\nanother run could "
                  "not repeat")
        ->group(kRun);
    Add(kRun, "--timeout", "TIME",
        "End the run after this much of the host's\ntime: 10, 1.5s, 2m",
        Into(o.timeout, ParseDuration));
  }

  void AddReports(RunOptions& o) {
    // A flag, and not an option: its value comes behind a = or not at all.
    app_.add_flag("--strace", strace_,
                  "Print every system call, as strace -f does, to\nstandard "
                  "error or FILE")
        ->option_text("[=FILE]")
        ->group(kReports)
        ->each([&o](const std::string& text) {
          // The parser's word for a flag without a value.
          o.strace = text == "true" ? "" : text;
        });
    app_.add_flag("--stats", o.stats,
                  "Print a table of the calls at the end, as\nstrace -c does, "
                  "and what was refused")
        ->group(kReports);
    app_.add_flag("-h,--help", o.help, "Print this text")->group(kReports);
  }

  void AddHost(RunOptions& o) {
    Add(kHost, "--memory-access", "auto|vm|proc|words",
        "How emu copies from and to guests:\nprocess_vm_readv, /proc/PID/mem, or "
        "ptrace's\nwords, which are slow; auto takes the fastest\nthat the host "
        "allows [auto]",
        [&o](const std::string& text) { return SetMemoryAccess(o, text); });
  }

  CLI::App app_;
  std::string strace_;
};

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

// How many of `args` come before the program. An option's value may look like
// anything; `--` ends the options and is counted.
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

// What the parser would say in words of its own.
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

// Parses `args` into `options`, which `run` fills.
absl::Status Parse(RunApp& run, absl::Span<const std::string> args,
                   const char* source_date_epoch, RunOptions& options) {
  if (source_date_epoch != nullptr) {
    absl::StatusOr<Nanos> date = ParseDate(source_date_epoch);
    if (!date.ok()) {
      return absl::InvalidArgumentError(absl::StrCat(
          "the environment's SOURCE_DATE_EPOCH: ", date.status().message()));
    }
    options.epoch = *date;
  }
  size_t count = CountOptions(run.app(), args);
  options.argv.assign(args.begin() + count, args.end());
  if (count > 0 && args[count - 1] == "--") --count;
  absl::Status checked = CheckOptions(run.app(), args.subspan(0, count));
  if (!checked.ok()) return checked;
  // CLI11 takes its arguments from the back.
  std::vector<std::string> reversed(args.rend() - count, args.rend());
  try {
    run.app().parse(std::move(reversed));
  } catch (const CLI::ParseError& error) {
    return Explain(run.app(), error);
  }
  if (!options.help && options.argv.empty()) {
    const std::string& name = run.app().get_name();
    return absl::InvalidArgumentError(
        absl::StrCat("no program to run: ", name,
                     " [options] [--] PROGRAM [ARGS] (", name,
                     " --help explains)"));
  }
  if (!options.help && options.argv[0].empty()) {
    return absl::InvalidArgumentError("the program's name is empty");
  }
  return absl::OkStatus();
}

// The options that were given, but for the verification's own, once more as
// arguments.
std::vector<std::string> SpellRunOptions(CLI::App& app) {
  std::vector<std::string> args;
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_group() == kVerification) continue;
    const std::string name = absl::StrCat("--", option->get_lnames().at(0));
    const bool takes_value = option->get_expected_min() > 0;
    for (const std::string& value : option->results()) {
      // The parser's word for a flag without a value.
      args.push_back(!takes_value && value == "true"
                         ? name
                         : absl::StrCat(name, "=", value));
    }
  }
  return args;
}

std::vector<OptionInfo> ListOptions(CLI::App& app) {
  std::vector<OptionInfo> list;
  for (const CLI::Option* option : app.get_options()) {
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

}  // namespace

absl::StatusOr<RunOptions> ParseRunOptions(absl::Span<const std::string> args,
                                           const char* source_date_epoch) {
  RunOptions options;
  RunApp run(options);
  absl::Status status = Parse(run, args, source_date_epoch, options);
  if (!status.ok()) return status;
  return options;
}

absl::StatusOr<RecordOptions> ParseRecordOptions(
    absl::Span<const std::string> args, const char* source_date_epoch) {
  RecordOptions options;
  RunApp run(options);
  absl::Status status = Parse(run, args, source_date_epoch, options.run);
  if (!status.ok()) return status;
  return options;
}

absl::StatusOr<VerifyOptions> ParseVerifyOptions(
    absl::Span<const std::string> args, const char* source_date_epoch) {
  VerifyOptions options;
  RunApp run(options);
  absl::Status status = Parse(run, args, source_date_epoch, options.run);
  if (!status.ok()) return status;
  options.run_args = SpellRunOptions(run.app());
  options.run_args.push_back("--");
  options.run_args.insert(options.run_args.end(), options.run.argv.begin(),
                          options.run.argv.end());
  return options;
}

std::string RunHelp() {
  RunOptions options;
  return RunApp(options).app().help();
}

std::string RecordHelp() {
  RecordOptions options;
  return RunApp(options).app().help();
}

std::vector<OptionInfo> RunOptionList() {
  RunOptions options;
  return ListOptions(RunApp(options).app());
}

std::string VerifyHelp() {
  VerifyOptions options;
  return RunApp(options).app().help();
}

std::vector<OptionInfo> VerifyOptionList() {
  VerifyOptions options;
  return ListOptions(RunApp(options).app());
}

std::vector<OptionInfo> RecordOptionList() {
  RecordOptions options;
  return ListOptions(RunApp(options).app());
}

}  // namespace emu
