// SPDX-License-Identifier: Apache-2.0

#include "emu/verify/verify.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "arch/base/host_status.h"
#include "arch/host/host_child.h"
#include "arch/host/host_clock.h"
#include "arch/host/standard_streams.h"
#include "emu/exit_status.h"
#include "emu/guest_run.h"
#include "emu/options.h"
#include "emu/record/progress.h"
#include "emu/trace/compare.h"
#include "emu/trace/trace_reader.h"
#include "emu/verify/location.h"

namespace emu {
namespace {

constexpr int kExitDiverged = 1;

[[noreturn]] void ComputeForEver() {
  for (volatile unsigned n = 0;;) n = n + 1;
}

// What the guest is told of emu's own environment, which must stay the same:
// nothing may vary that is an input.
class Environment {
 public:
  explicit Environment(const RunOptions& options) : fixed_(options.env_host) {
    for (const auto& [name, value] : options.env) {
      if (!value) inherited_.insert(name);
    }
  }

  // emu's own for run number `run`: longer each time, which moves emu's stack,
  // and in another place of the world.
  std::vector<std::string> ForRun(int run) const {
    std::vector<std::string> env;
    for (char** entry = environ; *entry != nullptr; ++entry) {
      if (run == 0 || !Replaced(*entry)) env.push_back(*entry);
    }
    if (run == 0 || fixed_) return env;
    Add(env, "TZ", run % 2 == 0 ? "Asia/Kathmandu" : "America/St_Johns");
    Add(env, "LC_ALL", run % 2 == 0 ? "tr_TR.UTF-8" : "C");
    Add(env, "EMU_VERIFY", std::string(static_cast<size_t>(run) * 700, 'x'));
    return env;
  }

 private:
  bool Replaced(absl::string_view entry) const {
    return !fixed_ && (Varies(entry, "TZ") || Varies(entry, "LC_ALL"));
  }
  bool Varies(absl::string_view entry, const std::string& name) const {
    return inherited_.count(name) == 0 &&
           absl::StartsWith(entry, absl::StrCat(name, "="));
  }
  void Add(std::vector<std::string>& env, const std::string& name,
           const std::string& value) const {
    if (inherited_.count(name) == 0) {
      env.push_back(absl::StrCat(name, "=", value));
    }
  }

  const bool fixed_;
  std::set<std::string> inherited_;
};

HostConditions ConditionsOf(int run, const std::vector<int>& cpus) {
  HostConditions conditions;
  if (run == 0) return conditions;
  conditions.cpu = cpus[static_cast<size_t>(run) % cpus.size()];
  conditions.fixed_layout = run % 2 == 0;
  conditions.nice = run % 3;
  conditions.umask = run % 2 == 0 ? 077 : 0;
  return conditions;
}

// Standard input for each of the runs, which must all find the same there.
class Input {
 public:
  // What comes through a pipe is read to its end.
  static absl::StatusOr<Input> Open() {
    Input input;
    struct stat st = {};
    if (fstat(STDIN_FILENO, &st) != 0) return input;
    if (S_ISREG(st.st_mode)) {
      input.name_ = NameOfDescriptor(STDIN_FILENO);
      input.offset_ = lseek(STDIN_FILENO, 0, SEEK_CUR);
    } else if (isatty(STDIN_FILENO) != 0) {
      input.name_ = "/dev/null";
    } else if (!S_ISCHR(st.st_mode)) {
      absl::Status status = input.Keep();
      if (!status.ok()) return status;
    }
    return input;
  }

  // Nothing valid: emu's own will do.
  absl::StatusOr<OwnedFd> ForRun() const {
    if (name_.empty()) return OwnedFd();
    OwnedFd fd(open(name_.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd.valid() || (offset_ > 0 && lseek(fd.get(), offset_, SEEK_SET) < 0)) {
      return HostError(errno, "open(standard input)");
    }
    return fd;
  }

 private:
  absl::Status Keep() {
    absl::StatusOr<OwnedFd> file = OpenTemporaryFile();
    if (!file.ok()) return file.status();
    std::vector<char> bytes(64 * 1024);
    for (;;) {
      const ssize_t n = read(STDIN_FILENO, bytes.data(), bytes.size());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return HostError(errno, "read(0)");
      if (n == 0) break;
      if (write(file->get(), bytes.data(), static_cast<size_t>(n)) != n) {
        return HostError(errno, "write() of what standard input holds");
      }
    }
    kept_ = *std::move(file);
    name_ = NameOfDescriptor(kept_.get());
    return absl::OkStatus();
  }

  OwnedFd kept_;
  std::string name_;  // empty: emu's own
  off_t offset_ = 0;
};

// emu's own standard output and error get what the first run wrote. A reader that
// is gone does not keep from verifying.
absl::Status PassOn(int fd, absl::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EPIPE) return absl::OkStatus();
    if (n < 0) return HostError(errno, absl::StrCat("write(", fd, ")"));
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return absl::OkStatus();
}

struct Verdict {
  int status = 0;       // emu's exit status
  std::string message;  // for people
};

class Verifier {
 public:
  explicit Verifier(const VerifyOptions& options)
      : options_(options),
        environment_(options.run),
        cpus_(AllowedCpus()),
        progress_(isatty(STDERR_FILENO) != 0, [](absl::string_view text) {
          WriteDiagnostic(text, /*raw=*/false);
        }) {}

  absl::StatusOr<Verdict> Verify();

 private:
  struct Recording {
    OwnedFd file;
    int status = 0;  // wait(2)'s, of emu
    std::unique_ptr<TraceReader> reader;
  };

  absl::StatusOr<Verdict> CompareRuns();
  absl::StatusOr<Recording> Record(int run, const Input& input);
  absl::StatusOr<int> WaitFor(HostChild& emu, int run,
                              const std::string& recording);
  // How far `run` is, which `recording` holds so far.
  std::string ProgressText(int run, const std::string& recording) const;
  // What differs between the first run and another, for people; empty: nothing.
  absl::StatusOr<std::string> Compare(const Recording& first,
                                      const Recording& other, int run);

  const VerifyOptions& options_;
  const Environment environment_;
  const std::vector<int> cpus_;
  Progress progress_;
  std::string expected_;  // " of 1,234": as many events as the first run had
};

absl::StatusOr<Verifier::Recording> Verifier::Record(int run,
                                                     const Input& input) {
  Recording recording;
  absl::StatusOr<OwnedFd> file = OpenTemporaryFile();
  if (!file.ok()) return file.status();
  recording.file = *std::move(file);
  const std::string name = NameOfDescriptor(recording.file.get());
  absl::StatusOr<OwnedFd> in = input.ForRun();
  if (!in.ok()) return in.status();

  HostChild::Options child;
  child.path = "/proc/self/exe";
  child.argv = {"emu", "record", "-o", name};
  child.argv.insert(child.argv.end(), options_.run_args.begin(),
                    options_.run_args.end());
  child.env = environment_.ForRun(run);
  child.conditions = ConditionsOf(run, cpus_);
  child.input = in->get();
  // Every other run competes for its processor.
  std::unique_ptr<HostChild> load;
  if (run % 2 == 1) {
    auto started = HostChild::StartWork(child.conditions, ComputeForEver);
    if (!started.ok()) return started.status();
    load = *std::move(started);
  }
  auto emu = HostChild::Start(child);
  if (!emu.ok()) return emu.status();
  const absl::StatusOr<int> status = WaitFor(**emu, run, name);
  if (!status.ok()) return status.status();
  recording.status = *status;
  auto reader = TraceReader::Open(name);
  if (!reader.ok()) return reader.status();
  recording.reader = *std::move(reader);
  if (!recording.reader->end()) {
    return absl::AbortedError(absl::StrCat(
        "run ", run + 1, " was cut short; runs are recorded in TMPDIR, or /tmp"));
  }
  return recording;
}

absl::StatusOr<int> Verifier::WaitFor(HostChild& emu, int run,
                                      const std::string& recording) {
  return emu.Wait(
      [&](int fd, absl::string_view bytes) {
        if (run > 0) return absl::OkStatus();
        if (isatty(fd) != 0) {
          progress_.BeforeOutput(HostClock(CLOCK_MONOTONIC), bytes);
        }
        return PassOn(fd, bytes);
      },
      [&] {
        progress_.Update(HostClock(CLOCK_MONOTONIC), /*own=*/false,
                         [&] { return ProgressText(run, recording); });
      });
}

std::string Verifier::ProgressText(int run,
                                   const std::string& recording) const {
  const std::string text =
      absl::StrCat("run ", run + 1, " of ", options_.runs);
  // It has no beginning yet, before emu has written one.
  const auto reader = TraceReader::Open(recording);
  if (!reader.ok()) return text;
  return absl::StrCat(text, ": ", WithCommas((*reader)->totals().events),
                      expected_, " events");
}

absl::StatusOr<std::string> Verifier::Compare(const Recording& first,
                                              const Recording& other,
                                              int run) {
  const std::string name = absl::StrCat("run ", run + 1);
  const auto divergence = CompareTraces(*first.reader, *other.reader);
  if (!divergence.ok()) return divergence.status();
  if (*divergence) {
    std::string text = DivergenceText(**divergence, "run 1", name);
    absl::StrAppend(
        &text,
        LocationText(NameOfDescriptor(first.file.get()), **divergence, "run 1"),
        LocationText(NameOfDescriptor(other.file.get()), **divergence, name));
    return text;
  }
  if (first.status != other.status) {
    return absl::StrCat("run 1 and ", name, " end differently: wait status ",
                        first.status, " and ", other.status, "\n");
  }
  return std::string();
}

absl::StatusOr<Verdict> Verifier::Verify() {
  absl::StatusOr<Verdict> verdict = CompareRuns();
  progress_.Clear();
  return verdict;
}

absl::StatusOr<Verdict> Verifier::CompareRuns() {
  absl::StatusOr<Input> input = Input::Open();
  if (!input.ok()) return input.status();
  absl::StatusOr<Recording> first = Record(0, *input);
  if (!first.ok()) return first.status();
  const TraceReader& reader = *first->reader;
  expected_ = absl::StrCat(" of ", WithCommas(reader.totals().events));
  for (int run = 1; run < options_.runs; ++run) {
    absl::StatusOr<Recording> other = Record(run, *input);
    if (!other.ok()) return other.status();
    const absl::StatusOr<std::string> text = Compare(*first, *other, run);
    if (!text.ok()) return text.status();
    if (text->empty()) continue;
    return Verdict{kExitDiverged,
                   absl::StrCat("not deterministic: run ", run + 1,
                                " went another way than run 1\n",
                                absl::StripSuffix(*text, "\n"))};
  }
  return Verdict{
      0, absl::StrCat("deterministic: ", options_.runs, " runs of ",
                      reader.totals().events, " events, digest ",
                      reader.digest() ? reader.digest()->ToString() : "none")};
}

}  // namespace

int VerifyCommand(absl::Span<const std::string> args) {
  const absl::StatusOr<VerifyOptions> options =
      ParseVerifyOptions(args, getenv("SOURCE_DATE_EPOCH"));
  if (!options.ok()) return Fail(options.status());
  if (options->run.help) return PrintHelp(VerifyHelp());
  signal(SIGPIPE, SIG_IGN);
  const absl::StatusOr<Verdict> verdict = Verifier(*options).Verify();
  if (!verdict.ok()) return Fail(verdict.status());
  const std::string note = ProcessorNote();
  Say(absl::StrCat(verdict->message, note.empty() ? "" : "\n",
                   absl::StripSuffix(note, "\n")));
  return verdict->status;
}

}  // namespace emu
