// SPDX-License-Identifier: Apache-2.0
//
// Every case natively, under emu and under what else is installed, pinned to
// one CPU; but recordings and replays, which use another one beside that of the
// guests, may use all CPUs that the benchmark was given. A case's time is that of a run with many operations less that of one
// with none. bench/table.py makes the table from --benchmark_format=json.
//
//   bazel-bin/bench/emu_bench --benchmark_format=json | bench/table.py

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "bench/bare_loop.h"
#include "benchmark/benchmark.h"

extern char** environ;

namespace emu::bench {
namespace {

struct Runner {
  const char* name;
  std::vector<std::string> prefix;
};

// How often a program's recording and its replay are measured: their limits are
// tight.
constexpr int kPairs = 21;
constexpr int kFewPairs = 7;  // of a long program

struct Load {
  const char* name;
  std::vector<std::string> command;  // for /bin/sh -c where it is one string
  long count;  // operations a run; 0: the run itself is the operation
  int pairs = kPairs;
};

std::string Sibling(const char* name) {
  char path[4096];
  const ssize_t n = readlink("/proc/self/exe", path, sizeof(path));
  const std::string self(path, std::max<ssize_t>(n, 0));
  return self.substr(0, self.rfind('/')) + "/" + name;
}

double Now() {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

// Starts the command with nothing to read and its output thrown away; -1 when
// it does not start.
pid_t Start(const std::vector<std::string>& command) {
  std::vector<char*> arguments;
  for (const std::string& word : command) {
    arguments.push_back(const_cast<char*>(word.c_str()));
  }
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
  pid_t pid = -1;
  const int error = posix_spawnp(&pid, arguments[0], &actions, nullptr,
                                 arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  return error == 0 ? pid : -1;
}

// Seconds that the command takes; negative when it fails.
double TimeCommand(const std::vector<std::string>& command) {
  const double start = Now();
  const pid_t pid = Start(command);
  if (pid < 0) return -1;
  int status;
  while (waitpid(pid, &status, 0) < 0) {
  }
  return status == 0 ? Now() - start : -1;
}

// KiB that process `pid` alone holds now: its own pages and its share of its
// program's. Pages of guests' files, which emu shows to guests, are not emu's.
double OwnMemory(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/smaps_rollup");
  double sum = 0, value;
  std::string line, name;
  while (std::getline(file, line)) {
    std::istringstream words(line);
    if (words >> name >> value && (name == "Pss_Anon:" || name == "Pss_File:")) {
      sum += value;
    }
  }
  return sum;
}

// The most of it while the command runs; negative when that fails.
double PeakMemory(const std::vector<std::string>& command) {
  const pid_t pid = Start(command);
  if (pid < 0) return -1;
  double peak = 0;
  int status = 0;
  while (waitpid(pid, &status, WNOHANG) == 0) {
    peak = std::max(peak, OwnMemory(pid));
    usleep(2'000);
  }
  return status == 0 ? peak : -1;
}

std::vector<std::string> Command(const Runner& runner, const Load& load,
                                 long count) {
  std::vector<std::string> command = runner.prefix;
  for (std::string word : load.command) {
    if (word == "COUNT") word = std::to_string(count);
    command.push_back(word);
  }
  return command;
}

void RunLoad(benchmark::State& state, const Runner& runner, const Load& load) {
  double empty = 0;
  if (load.count > 0) {
    empty = TimeCommand(Command(runner, load, 0));
    for (int i = 0; i < 2; ++i) {
      empty = std::min(empty, TimeCommand(Command(runner, load, 0)));
    }
  }
  for (auto _ : state) {
    const double seconds = TimeCommand(Command(runner, load, load.count));
    if (seconds < 0 || empty < 0) {
      state.SkipWithError("the command failed");
      break;
    }
    state.SetIterationTime(std::max(seconds - empty, 1e-9) /
                           static_cast<double>(std::max(load.count, 1L)));
  }
}

// Those that the benchmark was given.
cpu_set_t all_cpus;

void UseOneCpu() {
  for (int cpu = CPU_SETSIZE - 1; cpu >= 0; --cpu) {
    if (!CPU_ISSET(cpu, &all_cpus)) continue;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    sched_setaffinity(0, sizeof(one), &one);
    return;
  }
}

// As TimeCommand, on all CPUs.
double TimeOnAllCpus(const std::vector<std::string>& command) {
  sched_setaffinity(0, sizeof(all_cpus), &all_cpus);
  const double seconds = TimeCommand(command);
  UseOneCpu();
  return seconds;
}

// Where recordings go: into memory where that can be, since disks are at times as
// slow as they like.
std::string recordings;

bool MakeRecordings() {
  for (const char* parent : {"/dev/shm", "/tmp"}) {
    recordings = std::string(parent) + "/emu-bench-XXXXXX";
    if (mkdtemp(recordings.data()) != nullptr) return true;
  }
  return false;
}

// The load in a recording, or its replay; and how much longer that takes than
// emu alone right before it, in the counter ratio: a machine's speed drifts.
void RunRecorded(benchmark::State& state, const Load& load, bool replay) {
  const std::string emu = Sibling("../emu/emu");
  const std::string trace = recordings + "/trace";
  const Runner recorder = {
      "record",
      {emu, "record", "-o", trace, "-u", "0", "--env-host", "--"}};
  const std::vector<std::string> record = Command(recorder, load, load.count);
  const std::vector<std::string> run =
      Command(Runner{"emu", {emu, "run", "-u", "0", "--env-host", "--"}}, load,
              load.count);
  if (replay && TimeOnAllCpus(record) < 0) {
    return state.SkipWithError("the recording failed");
  }
  for (auto _ : state) {
    // To take away the recording before it is no part of a recording.
    if (!replay) unlink(trace.c_str());
    const double alone = TimeOnAllCpus(run);
    const double seconds =
        TimeOnAllCpus(replay ? std::vector<std::string>{emu, "replay", trace}
                             : record);
    if (alone < 0 || seconds < 0) {
      return state.SkipWithError("the command failed");
    }
    state.SetIterationTime(seconds);
    state.counters["ratio"] = seconds / alone;
  }
}

void RunBare(benchmark::State& state) {
  constexpr long kCalls = 20'000;
  for (auto _ : state) {
    const double seconds = TimeBareLoop(kCalls);
    if (seconds < 0) {
      state.SkipWithError("ptrace is not permitted");
      break;
    }
    state.SetIterationTime(seconds / kCalls);
  }
}

// emu's memory above its guests', in the counter MiB.
void RunMemory(benchmark::State& state, const Runner& runner,
               const Load& load) {
  for (auto _ : state) {
    const double peak = PeakMemory(Command(runner, load, load.count));
    if (peak < 0) {
      state.SkipWithError("the command failed");
      break;
    }
    state.counters["MiB"] = peak / 1024;
  }
}

bool Installed(const char* program) {
  return system((std::string("command -v ") + program + " >/dev/null").c_str()) ==
         0;
}

std::vector<Runner> Runners() {
  std::vector<Runner> runners = {
      {"native", {}},
      {"emu",
       {Sibling("../emu/emu"), "run", "-u", "0", "--env-host", "--"}},
  };
  if (Installed("strace")) {
    runners.push_back({"strace", {"strace", "-f", "-o", "/dev/null"}});
  }
  if (Installed("proot")) runners.push_back({"proot", {"proot"}});
  if (Installed("runsc")) {
    runners.push_back({"runsc",
                       {"runsc", "--platform=ptrace", "--rootless",
                        "--network=none", "do"}});
  }
  return runners;
}

std::vector<Load> Loads() {
  const std::string guest = Sibling("guest");
  const std::string guest_dynamic = Sibling("guest_dynamic");
  const auto operation = [&](const char* name, long count) {
    return Load{name, {guest, name, "COUNT"}, count};
  };
  const auto shell = [](const char* name, const char* script,
                        int pairs = kPairs) {
    return Load{name, {"/bin/bash", "-c", script}, 0, pairs};
  };
  return {
      {"start_static", {guest, "start", "0"}, 0},
      {"start_dynamic", {guest_dynamic, "start", "0"}, 0},
      operation("getppid", 20'000),
      operation("read_1", 20'000),
      operation("write_1", 20'000),
      operation("stat", 10'000),
      operation("open_fstat_close", 5'000),
      operation("pipe_ping_pong", 5'000),
      operation("futex_ping_pong", 5'000),
      operation("read_1M", 300),
      operation("write_1M", 300),
      operation("fork_wait", 200),
      operation("fork_exec_wait", 100),
      operation("spawn_wait", 100),
      operation("thread_create_join", 500),
      operation("mmap_touch_munmap", 5'000),
      operation("compute", 300),
      operation("walk_memory", 100),
      shell("bash_200_true", "for i in {1..200}; do /bin/true; done"),
      shell("find_20000", "find \"$EMU_BENCH_TREE\" | wc -l"),
      shell("find_stat_20000",
            "find \"$EMU_BENCH_TREE\" -printf '%s %m\\n' | wc -l"),
      shell("tar_md5sum", "tar -C \"$EMU_BENCH_TREE\" -cf - . | md5sum",
            kFewPairs),
      {"python_imports",
       {"/usr/bin/python3", "-c",
        "import json,re,subprocess,threading,asyncio,sqlite3,logging,"
        "argparse,socket,tempfile"},
       0},
      shell("gcc_2000_lines", "gcc -O1 -c -o /dev/null \"$EMU_BENCH_SOURCE\"",
            kFewPairs),
  };
}

// A tree of 20,000 small files and a C file of 2,000 lines, for the shell.
std::string MakeInputs() {
  char name[] = "/tmp/emu-bench-XXXXXX";
  if (mkdtemp(name) == nullptr) return "";
  const std::string directory = name;
  const std::string tree = directory + "/tree", source = directory + "/big.c";
  setenv("EMU_BENCH_TREE", tree.c_str(), 1);
  setenv("EMU_BENCH_SOURCE", source.c_str(), 1);
  const char* script =
      "mkdir \"$EMU_BENCH_TREE\" && cd \"$EMU_BENCH_TREE\" &&"
      " for d in {1..200}; do mkdir $d; for f in {1..99}; do"
      " echo $d $f >$d/$f; done; done;"
      " for i in {1..500}; do echo \"int f$i(int a, int *b) {"
      "\n  for (int i = 0; i < a; i++) b[i] += a * $i;"
      "\n  return b[a / 2] + $i;\n}\"; done >\"$EMU_BENCH_SOURCE\"";
  if (TimeCommand({"/bin/bash", "-c", script}) < 0) return "";
  return directory;
}

// Everything runs a few times, of which table.py takes the median: others on the
// host are in the way of one of them or another.
void Repeat(benchmark::internal::Benchmark* benchmark, int times) {
  benchmark->UseManualTime()
      ->Iterations(1)
      ->Repetitions(times)
      ->ReportAggregatesOnly(true)
      ->Unit(benchmark::kMicrosecond);
}

void Register() {
  Repeat(benchmark::RegisterBenchmark("bare_loop/tracer", RunBare), 5);
  for (const Load& load : Loads()) {
    for (const Runner& runner : Runners()) {
      Repeat(benchmark::RegisterBenchmark(
                 (std::string(load.name) + "/" + runner.name).c_str(),
                 [runner, load](benchmark::State& state) {
                   RunLoad(state, runner, load);
                 }),
             load.count > 0 ? 3 : 7);
      if (std::string(runner.name) != "emu" || load.count > 0) continue;
      for (const bool replay : {false, true}) {
        Repeat(benchmark::RegisterBenchmark(
                   (std::string(load.name) + (replay ? "/replay" : "/record"))
                       .c_str(),
                   [load, replay](benchmark::State& state) {
                     RunRecorded(state, load, replay);
                   }),
               load.pairs);
      }
      benchmark::RegisterBenchmark(
          (std::string(load.name) + "/memory").c_str(),
          [runner, load](benchmark::State& state) {
            RunMemory(state, runner, load);
          })
          ->Iterations(1);
    }
  }
}

}  // namespace
}  // namespace emu::bench

int main(int argc, char** argv) {
  // The times that something runs are spread over all the time that this takes.
  char interleaved[] = "--benchmark_enable_random_interleaving=true";
  std::vector<char*> arguments(argv, argv + argc);
  arguments.insert(arguments.begin() + 1, interleaved);
  argc = static_cast<int>(arguments.size());
  argv = arguments.data();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  sched_getaffinity(0, sizeof(emu::bench::all_cpus), &emu::bench::all_cpus);
  emu::bench::UseOneCpu();
  const std::string inputs = emu::bench::MakeInputs();
  if (inputs.empty() || !emu::bench::MakeRecordings()) {
    fprintf(stderr, "cannot make the inputs in /tmp\n");
    return 1;
  }
  emu::bench::Register();
  benchmark::RunSpecifiedBenchmarks();
  return emu::bench::TimeCommand({"rm", "-rf", inputs, emu::bench::recordings}) < 0
             ? 1
             : 0;
}
