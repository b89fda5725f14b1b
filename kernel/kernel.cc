// SPDX-License-Identifier: Apache-2.0

#include "kernel/kernel.h"

#include <sys/wait.h>

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "kernel/deadlock.h"
#include "kernel/dev/console.h"
#include "kernel/fs/mount.h"
#include "kernel/mm/exec.h"
#include "kernel/process.h"
#include "kernel/process_life.h"
#include "kernel/signal/deliver.h"
#include "kernel/signal/posix_timers.h"
#include "kernel/signal/send.h"
#include "kernel/subsystems.h"
#include "kernel/syscall.h"
#include "kernel/task.h"
#include "kernel/time_util.h"
#include "kernel/user_code.h"

namespace emu {
namespace {

// A touch of memory that the memory map knows more about, as opposed to an
// instruction that is forbidden or an address that can never be.
bool IsPageFault(const FaultInfo& fault) {
  return (fault.signo == SIGSEGV &&
          (fault.code == SEGV_MAPERR || fault.code == SEGV_ACCERR)) ||
         (fault.signo == SIGBUS && fault.code == BUS_ADRERR);
}

// The processors that guests are told of, as an affinity mask.
uint64_t AllCpus(const KernelOptions& options) {
  return options.cpus >= 64 ? ~uint64_t{0} : (uint64_t{1} << options.cpus) - 1;
}

// execvp(3)'s places to look for `name`, which has no slash.
std::vector<std::string> SearchPath(const ProgramOptions& program) {
  std::string path = "/usr/local/bin:/usr/bin:/bin";
  for (const std::string& entry : program.env) {
    if (absl::StartsWith(entry, "PATH=")) path = entry.substr(5);
  }
  std::vector<std::string> places;
  for (absl::string_view folder : absl::StrSplit(path, ':')) {
    places.push_back(absl::StrCat(folder.empty() ? "." : folder, "/",
                                  program.path));
  }
  return places;
}

// The first that can be executed; EACCES is told before ENOENT.
Result<> StartProgram(Task& task, const ProgramOptions& program) {
  ExecRequest request;
  request.argv = program.argv;
  request.envp = program.env;
  if (absl::StrContains(program.path, '/')) {
    request.path = program.path;
    return Exec(task, request);
  }
  Errno error(ENOENT);
  for (std::string& place : SearchPath(program)) {
    request.path = std::move(place);
    const Result<> result = Exec(task, request);
    if (result.ok()) return {};
    if (result.error() == Errno(EACCES)) {
      error = result.error();
    } else if (result.error() != Errno(ENOENT) &&
               result.error() != Errno(ENOTDIR)) {
      return result;
    }
  }
  return error;
}

}  // namespace

Kernel::Kernel(Machine& machine, PageStore& pages, Env& env, TraceSink* sink,
               const KernelOptions& options)
    : machine_(machine),
      pages_(pages),
      env_(env),
      sink_(sink),
      options_(options),
      clock_(env.BootTime(), options.host_time ? &env : nullptr),
      scheduler_(env),
      user_code_(std::make_unique<UserCode>(*this)),
      mounts_(std::make_unique<MountTree>(*this)),
      subsystems_(std::make_unique<Subsystems>(*this)),
      pids_(*this, options.pids_limit),
      data_digest_(sink != nullptr && sink->WantsDigests() ? sink : nullptr) {}

// Files end first: what ends with them looks at processes and file systems.
Kernel::~Kernel() {
  for (const auto& [pid, process] : pids_.processes()) {
    for (const auto& task : process->tasks) task->files.reset();
  }
}

void Kernel::Emit(Event::Kind kind, Task& task, uint64_t number,
                  uint64_t arg0) {
  Event event{.kind = kind};
  event.number = number;
  event.args[0] = arg0;
  EmitEvent(event, task);
}

void Kernel::EmitEvent(Event event, Task& task) {
  event.sequence = next_event_++;
  if (sink_ == nullptr) return;
  event.time = clock_.now();
  event.tid = task.tid();
  event.digest = data_digest_.Take();
  // What the sink reads is no part of the run.
  const DataDigest::Pause pause(data_digest_);
  sink_->OnEvent(event, task);
}

void Kernel::RequestStop(std::string reason) {
  if (!stop_) stop_ = std::move(reason);
  scheduler_.RequestYield();
}

void Kernel::Bury(std::unique_ptr<Task> task) {
  dead_tasks_.push_back(std::move(task));
}

void Kernel::Bury(std::unique_ptr<Process> process) {
  dead_processes_.push_back(std::move(process));
}

// Process 1 runs no program: it is there to be the parent of orphans, and its
// one task waits for ever.
void Kernel::CreateInit() {
  Process& init = pids_.NewProcess(*pids_.NewId(), nullptr);
  init.session = std::make_shared<Session>(Session{.sid = init.pid()});
  init.pgid = init.pid();
  auto task = std::make_unique<Task>(init, init.pid(), nullptr);
  task->comm = "init";
  Credentials root;
  root.permitted = root.effective = kAllCapabilities;
  task->creds = std::make_shared<Credentials>(root);
  task->files = std::make_shared<FdTable>();
  task->fs = std::make_shared<FsContext>();
  task->fs->root = task->fs->cwd = mounts_->root();
  task->pending().killable_only = true;
  task->Park();
  pids_.AddTask(*task);
  init.tasks.push_back(std::move(task));
}

Result<> Kernel::Start(const ProgramOptions& program) {
  CreateInit();
  return StartMain(program);
}

Result<> Kernel::StartMain(const ProgramOptions& program) {
  Process& init = pids_.init();
  Process& process = pids_.NewProcess(TRY(pids_.NewId()), &init);
  process.pgid = process.pid();
  process.session =
      std::make_shared<Session>(Session{.sid = process.pid()});
  process.tasks.push_back(
      std::make_unique<Task>(process, process.pid(), nullptr));
  Task& task = process.leader();
  pids_.AddTask(task);
  main_ = &process;
  task.affinity = AllCpus(options_);
  task.files = std::make_shared<FdTable>();
  task.creds = std::make_shared<Credentials>(program.creds);
  task.fs = std::make_shared<FsContext>();
  task.fs->root = task.fs->cwd = mounts_->root();
  task.fs->cwd = TRY(Resolve(task, Path(), program.cwd, {})).path;
  TRY(OpenStdStreams(*this, task));
  TRY(StartProgram(task, program));
  scheduler_.Add(task);
  return {};
}

RunEnd Kernel::Run() {
  RunEnd end;
  while (!main_->zombie && !stop_) {
    PollOutside();
    if (env_.TimedOut()) {
      end.kind = RunEnd::Kind::kTimedOut;
      break;
    }
    clock_.FireDue();
    scheduler_.LookAtSignals();
    if (Task* task = scheduler_.PickNext(); task != nullptr) {
      RunTask(*task);
    } else if (!Idle()) {
      end.kind = RunEnd::Kind::kDeadlock;
      end.report = DeadlockReport(*this);
      break;
    }
    dead_tasks_.clear();
    dead_processes_.clear();
  }
  if (stop_) {
    end.kind = RunEnd::Kind::kStopped;
    end.report = *stop_;
  }
  end.status = main_->exit_status;
  return end;
}

void Kernel::RunTask(Task& task) {
  if (last_ != &task) Emit(Event::Kind::kSwitch, task);
  last_ = &task;
  const Turn turn = TakeTurn(task);
  // What it did may be what others wait for.
  if (turn != Turn::kUnmoved) scheduler_.LookAgain();
  switch (turn) {
    case Turn::kOver:
      return;
    case Turn::kGivesWay:
      ++task.involuntary_switches;
      return scheduler_.Add(task);
    case Turn::kSpins:
    case Turn::kUnmoved:
      ++task.involuntary_switches;
      return scheduler_.AddSpinning(task);
  }
}

Kernel::Turn Kernel::TakeTurn(Task& task) {
  for (int stops = 0; stops < Scheduler::kQuantum || scheduler_.empty();
       ++stops) {
    if (task.pending().active) ResumeSyscall(task);
    if (task.state() != Task::State::kRunnable) return Turn::kOver;
    if (!DeliverSignals(task)) return Turn::kOver;
    if (stop_) break;
    const Stop stop = user_code_->Run(task);
    if (stop.kind == Stop::Kind::kSpin) {
      HandleSpin(task);
      return stop.unmoved && stops == 0 ? Turn::kUnmoved : Turn::kSpins;
    }
    Answer(task, stop);
    clock_.FireDue();
    mounts_->ReleaseUnused();
    if (task.state() != Task::State::kRunnable) return Turn::kOver;
    if (scheduler_.TakeYield() || main_->zombie) break;
  }
  return Turn::kGivesWay;
}

void Kernel::Answer(Task& task, const Stop& stop) {
  switch (stop.kind) {
    case Stop::Kind::kSyscall:
      return BeginSyscall(task, stop);
    case Stop::Kind::kFault:
      return HandleFault(task, stop.fault);
    case Stop::Kind::kTrapped:
      // The time stamp counter runs at 1 GHz; there is one processor, 0.
      clock_.TickPolling();
      clock_.Tick();
      return task.cpu().FinishTrap(clock_.now());
    case Stop::Kind::kSlice:
    case Stop::Kind::kStep:
    case Stop::Kind::kSpin:
    case Stop::Kind::kReached:
      return;
    case Stop::Kind::kGone:
      user_code_->NoteEnd(task);
      return EndProcess(task.process(), SIGKILL);
  }
}

// A look at memory costs what a look at the clock does: tasks that spin in turns
// come to their timers soon.
void Kernel::HandleSpin(Task& task) {
  const Nanos before = clock_.now();
  clock_.TickPolling();
  clock_.Tick();
  Emit(Event::Kind::kSpin, task, task.cpu().ip());
  ChargeCpu(task, clock_.now() - before, 0);
}

void Kernel::HandleFault(Task& task, const FaultInfo& fault) {
  FaultInfo signal = fault;
  if (IsPageFault(fault) &&
      task.mm->HandleFault(fault.addr, fault.write, fault.exec, &signal)) {
    return;
  }
  ForceSignal(task, signal);
}

void Kernel::PollOutside() {
  while (std::optional<int> signo = env_.TakeSignal()) {
    if (*signo == SIGWINCH) {
      if (outside_source_ != nullptr) outside_source_->OnResize();
      continue;
    }
    const Pid group =
        outside_source_ != nullptr ? outside_source_->ForegroundGroup() : 0;
    const Siginfo info(*signo, SI_KERNEL);
    if (group != 0) {
      SendToGroup(*this, group, info);
    } else {
      (void)SendToProcess(*main_, info).ok();
    }
  }
  if (outside_source_ != nullptr) outside_source_->OnInput();
}

bool Kernel::IsOutsideJob(Pid group) const {
  return outside_source_ != nullptr && main_->pgid == group &&
         outside_source_->ForegroundGroup() == group;
}

// SIGCONT is passed on before anybody else of the group acts on a stop signal.
void Kernel::StopOutsideJob() {
  env_.StopUntilContinued();
  PollOutside();
}

bool Kernel::Idle() {
  if (main_->stopped && IsOutsideJob(main_->pgid)) {
    StopOutsideJob();
    if (!main_->stopped) return true;
  }
  const bool awaited =
      !outside_input_.empty() ||
      (outside_source_ != nullptr && outside_source_->Attended());
  const bool timer = clock_.next_deadline() != kNever;
  if (awaited || (timer && clock_.follows_host())) return WaitForOutside();
  if (!scheduler_.spinning().empty()) return PassSpinningTime();
  if (!timer) return false;
  clock_.AdvanceTo(clock_.next_deadline());
  return true;
}

bool Kernel::PassSpinningTime() {
  Nanos time = clock_.next_deadline();
  if (time != kNever) time = std::max<Nanos>(time - clock_.now(), 0);
  Task* busy = scheduler_.spinning().front();
  for (Task* task : scheduler_.spinning()) {
    const Nanos left = CpuTimeLeft(task->process());
    if (left >= time) continue;
    time = left;
    busy = task;
  }
  if (time == kNever) return false;
  clock_.AdvanceTo(After(clock_.now(), time));
  ChargeCpu(*busy, time, 0);
  return true;
}

// Sleeps until the outside has something (input, if that is awaited) or, in the
// host's time, the next timer is due.
bool Kernel::WaitForOutside() {
  const Nanos due = clock_.next_deadline();
  const Nanos before = env_.HostTime();
  std::optional<Nanos> timeout;
  if (due != kNever) timeout = std::max<Nanos>(due - clock_.now(), 0);
  env_.Wait({.input = !outside_input_.empty(),
             .terminal = outside_source_ != nullptr &&
                         outside_source_->Attended() &&
                         outside_source_->HasRoom()},
            timeout);
  const Nanos passed = env_.HostTime() - before;
  clock_.AdvanceTo(std::min(due, After(clock_.now(), passed)));
  outside_input_.Wake();
  return true;
}

}  // namespace emu
