// SPDX-License-Identifier: Apache-2.0
//
// The Kernel: the root of everything that the guests' world is made of. Owned by
// main; borrows the doors to the outside (Machine, PageStore, Env) and a trace
// sink. Single-threaded, and makes no host call itself.

#ifndef KERNEL_KERNEL_H_
#define KERNEL_KERNEL_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "arch/env.h"
#include "arch/host_tree.h"
#include "arch/machine.h"
#include "arch/page_store.h"
#include "kernel/clock.h"
#include "kernel/credentials.h"
#include "kernel/data_digest.h"
#include "kernel/pid_namespace.h"
#include "kernel/scheduler.h"
#include "kernel/trace.h"

namespace emu {

class MountTree;
class Task;
class UserCode;
// One of each kernel; each is its subsystem's own and made in kernel.cc.
struct Subsystems;

struct KernelOptions {
  std::string hostname = "emu";
  int cpus = 1;                        // that guests are told of
  uint64_t memory = uint64_t{4} << 30;  // bytes
  size_t pids_limit = 4096;            // tasks at a time
  // Time follows the host's clock.
  bool host_time = false;
};

// The first program.
struct ProgramOptions {
  std::string path;  // as execvp finds it: with a slash, or along PATH in `env`
  std::vector<std::string> argv;
  std::vector<std::string> env;
  std::string cwd = "/";
  Credentials creds;
};

// The terminal that a person sits at, as the run loop sees it.
class OutsideSource {
 public:
  virtual ~OutsideSource() = default;
  // Whether a person is there as far as the guests know: some task waits for
  // their input, or one has asked for some before.
  virtual bool Attended() = 0;
  // Whether more input could be taken now.
  virtual bool HasRoom() = 0;
  // Input may have arrived: take what is there.
  virtual void OnInput() = 0;
  // The window's size changed.
  virtual void OnResize() = 0;
  // The process group that signals from outside go to; 0: none, the main one.
  virtual Pid ForegroundGroup() = 0;
};

// How a run ended.
struct RunEnd {
  enum class Kind {
    kExited,     // the program ended: status
    kDeadlock,   // every task waits, in a call or in user code, and nothing
                 // will ever wake one: report
    kTimedOut,   // Env said so
    kStopped,    // RequestStop: report
  };
  Kind kind = Kind::kExited;
  int status = 0;  // wait(2)'s status word
  std::string report;
};

class Kernel {
 public:
  // Everything borrowed must outlive the kernel; `sink` may be null.
  Kernel(Machine& machine, PageStore& pages, Env& env, TraceSink* sink,
         const KernelOptions& options);
  Kernel(const Kernel&) = delete;
  Kernel& operator=(const Kernel&) = delete;
  ~Kernel();

  // Starts the first program, as a child of an init that reaps orphans; the
  // mount tree has been set up. The errors are execve(2)'s.
  Result<> Start(const ProgramOptions& program);
  // Runs until the first program ended (what is left is killed).
  RunEnd Run();

  Machine& machine() const { return machine_; }
  PageStore& pages() const { return pages_; }
  Env& env() const { return env_; }
  const KernelOptions& options() const { return options_; }
  Clock& clock() { return clock_; }
  Scheduler& scheduler() { return scheduler_; }
  PidNamespace& pids() { return pids_; }
  MountTree& mounts() { return *mounts_; }
  Subsystems& subsystems() { return *subsystems_; }
  // Processes other than init end their run with this one.
  Process* main_process() const { return main_; }

  // Tells the trace sink, if there is one.
  void Emit(Event::Kind kind, Task& task, uint64_t number = 0,
            uint64_t arg0 = 0);
  TraceSink* sink() const { return sink_; }
  void EmitEvent(Event event, Task& task);
  // How many events there were so far, told or not: a place in the run.
  uint64_t position() const { return next_event_; }
  // Of what was copied since the last event.
  DataDigest& data_digest() { return data_digest_; }

  // The run ends before the next instruction of a guest, for the reason given:
  // a replay that went another way.
  void RequestStop(std::string reason);

  // Calls that were not served, by name: how often. For --stats.
  std::map<std::string, uint64_t>& refused() { return refused_; }
  // Why the run cannot be called hermetic or deterministic, in plain words.
  void ReportImpurity(std::string reason) {
    impurities_.insert(std::move(reason));
  }
  const std::set<std::string>& impurities() const { return impurities_; }

  // The terminal, if there is one; owned by its subsystem. While a person is
  // there and nothing can go on, the run waits for the outside, and time follows
  // the host's clock.
  void set_outside_source(OutsideSource* source) { outside_source_ = source; }
  // Tasks that wait for standard input that is no terminal; woken when the
  // outside was heard.
  WaitQueue& outside_input() { return outside_input_; }
  // Takes what came from outside: signals to the main program, input to the
  // terminal.
  void PollOutside();
  // Whether `group` is the job that the host's shell knows emu as: the main
  // program's, in the foreground of the terminal outside.
  bool IsOutsideJob(Pid group) const;
  // That job is to stop: emu as a whole does, until it is continued.
  void StopOutsideJob();

  // A task or process that has ended, kept until nothing can be running on its
  // behalf any more.
  void Bury(std::unique_ptr<Task> task);
  void Bury(std::unique_ptr<Process> process);

 private:
  void RunTask(Task& task);
  // What became of a task's turn.
  enum class Turn {
    kOver,      // it waits in a call, has stopped or ended
    kGivesWay,  // it can go on
    kSpins,     // it waits in user code
    kUnmoved,   // and has done nothing since it was last seen to
  };
  Turn TakeTurn(Task& task);
  void Answer(Task& task, const Stop& stop);
  void HandleFault(Task& task, const FaultInfo& fault);
  void HandleSpin(Task& task);
  // Nothing can run: lets time pass or waits for the outside. False: a deadlock.
  bool Idle();
  // Every task that could run spins: lets pass what is left until the next timer,
  // or until one that goes by their processor time.
  bool PassSpinningTime();
  bool WaitForOutside();
  void CreateInit();
  Result<> StartMain(const ProgramOptions& program);

  Machine& machine_;
  PageStore& pages_;
  Env& env_;
  TraceSink* sink_;
  KernelOptions options_;
  Clock clock_;
  Scheduler scheduler_;
  WaitQueue outside_input_;
  OutsideSource* outside_source_ = nullptr;
  std::vector<std::unique_ptr<Task>> dead_tasks_;
  std::vector<std::unique_ptr<Process>> dead_processes_;
  std::unique_ptr<UserCode> user_code_;
  std::unique_ptr<MountTree> mounts_;
  std::unique_ptr<Subsystems> subsystems_;
  PidNamespace pids_;
  Process* main_ = nullptr;
  Task* last_ = nullptr;  // that ran; for kSwitch, never followed
  uint64_t next_event_ = 0;
  DataDigest data_digest_;
  std::optional<std::string> stop_;  // asked for, and why
  std::map<std::string, uint64_t> refused_;
  std::set<std::string> impurities_;
};

}  // namespace emu

#endif  // KERNEL_KERNEL_H_
