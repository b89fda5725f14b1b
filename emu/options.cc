// SPDX-License-Identifier: Apache-2.0

#include "emu/options.h"

#include <functional>
#include <memory>

#include "CLI/App.hpp"
#include "CLI/Config.hpp"
#include "CLI/Formatter.hpp"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "emu/option_parser.h"
#include "emu/option_setters.h"
#include "emu/options_help.h"

namespace emu {
namespace {

constexpr char kVerification[] = "Verification";
constexpr char kRecording[] = "Recording";
constexpr char kFiles[] = "Files";
constexpr char kProgram[] = "Program";
constexpr char kMachine[] = "Machine";
constexpr char kRun[] = "What decides a run";
constexpr char kReports[] = "Reports";
constexpr char kHost[] = "The host";

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
    AddOption(app_, name, value, help, std::move(set))->group(group);
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
        "The time at the start [2027-01-01, or the\nvariable "
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
    app_.add_flag_callback(
            "--strict-processor",
            [&o] { o.strict = o.strict_processor = true; },
            "As --strict, and fail where programs can find\nout what the "
            "processor is: where the host\ncannot trap CPUID")
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
