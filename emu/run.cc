// SPDX-License-Identifier: Apache-2.0

#include "emu/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "arch/host/host_page_store.h"
#include "arch/host/live_env.h"
#include "arch/host/output_file.h"
#include "arch/host/ptrace_machine.h"
#include "emu/exit_status.h"
#include "emu/export.h"
#include "emu/guest_tree.h"
#include "emu/options.h"
#include "emu/start_error.h"
#include "emu/stats.h"
#include "emu/strace_sink.h"
#include "kernel/fs/mount.h"

namespace emu {
namespace {

void Say(absl::string_view message) {
  WriteDiagnostic(absl::StrCat("emu: ", message, "\n"), false);
}

int Fail(const absl::Status& status) {
  Say(status.message());
  return kExitFailure;
}

// The directory that emu was started in; "/" if that is gone.
std::string HostDirectory() {
  char* path = getcwd(nullptr, 0);
  const std::string directory =
      path != nullptr && path[0] == '/' ? path : "/";
  free(path);
  return directory;
}

// Where the guest has nothing of the host's.
bool IsCovered(const std::string& path) {
  for (absl::string_view top : {"/proc", "/sys", "/dev", "/run"}) {
    if (path == top || absl::StartsWith(path, absl::StrCat(top, "/"))) {
      return true;
    }
  }
  return false;
}

std::string WorkingDirectory(const RunOptions& options, const Image& image) {
  if (!options.workdir.empty()) return options.workdir;
  if (!image.is_host_root) return image.workdir.empty() ? "/" : image.workdir;
  const std::string directory = HostDirectory();
  return IsCovered(directory) ? "/" : directory;
}

// Sets NAME of NAME=VALUE, where it stands or at the end.
void SetVariable(std::vector<std::string>& env, const std::string& name,
                 const std::string& value) {
  const std::string line = absl::StrCat(name, "=", value);
  for (std::string& entry : env) {
    if (absl::StartsWith(entry, absl::StrCat(name, "="))) {
      entry = line;
      return;
    }
  }
  env.push_back(line);
}

void SetVariables(std::vector<std::string>& env,
                  const std::vector<std::string>& lines) {
  for (const std::string& line : lines) {
    const std::pair<std::string, std::string> parts =
        absl::StrSplit(line, absl::MaxSplits('=', 1));
    SetVariable(env, parts.first, parts.second);
  }
}

std::vector<std::string> GuestEnvironment(const RunOptions& options,
                                          const Image& image,
                                          const GuestUser& user, Env& outside) {
  std::vector<std::string> env = {
      "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
      absl::StrCat("HOME=", user.home),
      absl::StrCat("USER=", user.name),
      absl::StrCat("LOGNAME=", user.name),
      absl::StrCat("SHELL=", user.shell),
      "LANG=C.UTF-8",
  };
  const char* term = getenv("TERM");
  const bool at_terminal =
      outside.Kind(StdStream::kIn) == Env::StreamKind::kTerminal ||
      outside.Kind(StdStream::kOut) == Env::StreamKind::kTerminal;
  if (at_terminal) SetVariable(env, "TERM", term != nullptr ? term : "xterm");
  SetVariables(env, image.env);
  if (options.env_host) {
    for (char** entry = environ; *entry != nullptr; ++entry) {
      if (absl::StrContains(*entry, '=')) SetVariables(env, {*entry});
    }
  }
  for (const auto& [name, value] : options.env) {
    const char* inherited = getenv(name.c_str());
    if (value) {
      SetVariable(env, name, *value);
    } else if (inherited != nullptr) {
      SetVariable(env, name, inherited);
    }
  }
  return env;
}

Credentials CredentialsOf(const GuestUser& user) {
  Credentials creds;
  creds.uid = creds.euid = creds.suid = creds.fsuid = user.uid;
  creds.gid = creds.egid = creds.sgid = creds.fsgid = user.gid;
  if (user.uid == 0) creds.permitted = creds.effective = kAllCapabilities;
  return creds;
}

LiveEnvOptions EnvOptions(const RunOptions& options) {
  return {.seed = options.seed,
          .random_schedule = options.seed != uint64_t{0},
          .boot_time =
              options.epoch ? *options.epoch : HostClock(CLOCK_REALTIME),
          .time_limit = options.timeout};
}

// As many descriptors as the host lets this process have.
void RaiseDescriptorLimit() {
  struct rlimit limit = {};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

// Everything that a run needs, in the order of its making: later ones use
// earlier ones and end first.
class Runner {
 public:
  explicit Runner(const RunOptions& options) : options_(options) {}

  int Run() {
    RaiseDescriptorLimit();
    absl::Status status = OpenOutside();
    if (status.ok()) status = OpenFilesOfHost();
    if (status.ok()) status = OpenTrace();
    if (status.ok()) status = MakeMachine();
    if (status.ok()) status = MakeKernel();
    if (!status.ok()) return Fail(status);
    const int exit_status = RunProgram();
    return Finish(exit_status);
  }

 private:
  absl::Status OpenOutside() {
    auto signals = HostSignals::Install();
    if (!signals.ok()) return signals.status();
    signals_ = *std::move(signals);
    auto env = LiveEnv::Create(EnvOptions(options_), *signals_);
    if (!env.ok()) return env.status();
    env_ = *std::move(env);
    return absl::OkStatus();
  }

  absl::Status OpenFilesOfHost() {
    for (const ExportOption& option : options_.exports) {
      absl::Status status = CheckExport(option);
      if (!status.ok()) return status;
    }
    files_ = std::make_unique<OpenFiles>(OpenFiles::DefaultCapacity());
    auto ownership = std::make_shared<Ownership>();
    ownership->near = HostDirectory();
    auto image = OpenImage(options_.root, ownership, *files_);
    if (!image.ok()) {
      return absl::Status(image.status().code(),
                          absl::StrCat("--root: ", image.status().message()));
    }
    image_ = *std::move(image);
    auto user = FindUser(options_.user, *image_.tree);
    if (!user.ok()) return user.status();
    user_ = *std::move(user);
    ownership->uid = user_.uid;
    auto everything = std::make_shared<Ownership>();
    *everything = {.uid = user_.uid, .near = "/"};
    auto binds = OpenBinds(options_.binds, everything, *files_);
    if (!binds.ok()) return binds.status();
    binds_ = *std::move(binds);
    return absl::OkStatus();
  }

  absl::Status OpenTrace() {
    if (options_.strace) {
      if (!options_.strace->empty()) {
        auto file = OutputFile::Create(*options_.strace);
        if (!file.ok()) return file.status();
        trace_file_ = *std::move(file);
      }
      strace_ = std::make_unique<StraceSink>([this](absl::string_view text) {
        if (trace_file_ != nullptr) {
          trace_file_->Append(text);
        } else {
          WriteDiagnostic(text, env_->streams().raw());
        }
      });
      sink_ = strace_.get();
    }
    if (options_.stats) {
      stats_ = std::make_unique<Stats>(
          [] { return HostClock(CLOCK_MONOTONIC); }, sink_);
      sink_ = stats_.get();
    }
    return absl::OkStatus();
  }

  absl::Status MakeMachine() {
    auto pages = HostPageStore::Create();
    if (!pages.ok()) return pages.status();
    pages_ = *std::move(pages);
    HostMachineOptions options;
    options.signals = signals_.get();
    options.files = files_.get();
    options.page_store_fd = pages_->fd();
    auto machine = HostMachine::Create(options);
    if (!machine.ok()) return machine.status();
    machine_ = *std::move(machine);
    return absl::OkStatus();
  }

  absl::Status MakeKernel() {
    kernel_ = std::make_unique<Kernel>(
        *machine_, *pages_, *env_, sink_,
        KernelOptions{.hostname = options_.hostname,
                      .cpus = options_.cpus,
                      .memory = options_.memory,
                      .pids_limit = options_.pids_limit,
                      .host_time = options_.host_time});
    return MountGuestTree(*kernel_, options_, user_, image_, binds_);
  }

  int RunProgram() {
    const ProgramOptions program = {
        .path = options_.argv[0],
        .argv = options_.argv,
        .env = GuestEnvironment(options_, image_, user_, *env_),
        .cwd = WorkingDirectory(options_, image_),
        .creds = CredentialsOf(user_)};
    const Result<> started = kernel_->Start(program);
    if (!started.ok()) {
      const StartError error =
          ExplainStart(*kernel_, program, started.error());
      Say(error.message);
      return error.exit_status;
    }
    const RunEnd end = kernel_->Run();
    // What emu says from here on is for a terminal as it was.
    env_->streams().Suspend();
    return ExitStatusOf(end);
  }

  int ExitStatusOf(const RunEnd& end) {
    if (!machine_->failure().ok()) return Fail(machine_->failure());
    switch (end.kind) {
      case RunEnd::Kind::kDeadlock:
        Say(absl::StrCat(
            "deadlock: every task waits, and nothing will ever wake one\n",
            absl::StripSuffix(end.report, "\n")));
        return kExitFailure;
      case RunEnd::Kind::kTimedOut:
        Say("the time of --timeout is over; the program was ended");
        return kExitTimedOut;
      case RunEnd::Kind::kExited:
        break;
    }
    return WIFSIGNALED(end.status) ? kExitSignal + WTERMSIG(end.status)
                                   : WEXITSTATUS(end.status);
  }

  // Reports and exports, whatever became of the program. What fails here makes
  // a good run a failed one.
  int Finish(int exit_status) {
    bool failed = false;
    for (const ExportOption& option : options_.exports) {
      const absl::Status status = Export(kernel_->mounts().root(), option);
      if (!status.ok()) Say(status.message());
      failed |= !status.ok();
    }
    if (strace_ != nullptr) strace_->Finish();
    if (trace_file_ != nullptr) {
      const absl::Status status = trace_file_->Close();
      if (!status.ok()) Say(status.message());
      failed |= !status.ok();
    }
    if (stats_ != nullptr) WriteDiagnostic(stats_->Table(), false);
    if (options_.stats) {
      for (const std::string& reason : kernel_->impurities()) {
        Say(absl::StrCat("not reproducible: ", reason));
      }
    }
    for (const std::string& name : files_->Changed()) {
      Say(absl::StrCat("not reproducible: ", name,
                       " changed on the host during the run"));
    }
    return failed && exit_status == 0 ? kExitFailure : exit_status;
  }

  const RunOptions& options_;
  std::unique_ptr<HostSignals> signals_;
  std::unique_ptr<LiveEnv> env_;
  std::unique_ptr<OpenFiles> files_;
  Image image_;
  GuestUser user_;
  std::vector<BindTree> binds_;
  std::unique_ptr<OutputFile> trace_file_;
  std::unique_ptr<StraceSink> strace_;
  std::unique_ptr<Stats> stats_;
  TraceSink* sink_ = nullptr;
  std::unique_ptr<HostPageStore> pages_;
  std::unique_ptr<HostMachine> machine_;
  std::unique_ptr<Kernel> kernel_;
};

}  // namespace

int RunCommand(absl::Span<const std::string> args) {
  const absl::StatusOr<RunOptions> options =
      ParseRunOptions(args, getenv("SOURCE_DATE_EPOCH"));
  if (!options.ok()) return Fail(options.status());
  if (options->help) {
    const std::string help = RunHelp();
    return fputs(help.c_str(), stdout) == EOF || fflush(stdout) == EOF
               ? Fail(absl::DataLossError("cannot write to standard output"))
               : 0;
  }
  return Runner(*options).Run();
}

}  // namespace emu
