// SPDX-License-Identifier: Apache-2.0

#include "arch/host/host_child.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "absl/strings/str_cat.h"
#include "arch/base/host_status.h"

namespace emu {
namespace {

constexpr int kCannotExecute = 127;
constexpr int kTickMilliseconds = 250;

std::vector<char*> Pointers(const std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  for (const std::string& string : strings) {
    pointers.push_back(const_cast<char*>(string.c_str()));
  }
  pointers.push_back(nullptr);
  return pointers;
}

// In the child. What the host does not allow is left as it is: conditions are
// meant to differ, not to be met.
void Apply(const HostConditions& conditions, pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(kCannotExecute);
  signal(SIGPIPE, SIG_DFL);
  // Keys typed at the terminal are for the parent.
  setpgid(0, 0);
  if (conditions.cpu) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(*conditions.cpu, &set);
    sched_setaffinity(0, sizeof(set), &set);
  }
  const int before = personality(0xffffffff);
  if (before != -1 && conditions.fixed_layout) {
    personality(static_cast<unsigned>(before) | ADDR_NO_RANDOMIZE);
  }
  if (conditions.nice != 0) setpriority(PRIO_PROCESS, 0, conditions.nice);
  umask(conditions.umask);
}

struct Pipe {
  OwnedFd read;
  OwnedFd write;
};

absl::StatusOr<Pipe> MakePipe() {
  int fds[2];
  if (pipe2(fds, O_CLOEXEC) != 0) return HostError(errno, "pipe2()");
  return Pipe{OwnedFd(fds[0]), OwnedFd(fds[1])};
}

}  // namespace

std::vector<int> AllowedCpus() {
  std::vector<int> cpus;
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof(set), &set) != 0) return {0};
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &set)) cpus.push_back(cpu);
  }
  return cpus;
}

absl::StatusOr<std::unique_ptr<HostChild>> HostChild::Start(
    const Options& options) {
  return Fork(options.conditions, &options, nullptr);
}

absl::StatusOr<std::unique_ptr<HostChild>> HostChild::StartWork(
    const HostConditions& conditions, void (*work)()) {
  return Fork(conditions, nullptr, work);
}

absl::StatusOr<std::unique_ptr<HostChild>> HostChild::Fork(
    const HostConditions& conditions, const Options* options, void (*work)()) {
  Pipe output;
  Pipe errors;
  std::vector<char*> argv;
  std::vector<char*> env;
  if (options != nullptr) {
    for (Pipe* pipe : {&output, &errors}) {
      absl::StatusOr<Pipe> made = MakePipe();
      if (!made.ok()) return made.status();
      *pipe = *std::move(made);
    }
    argv = Pointers(options->argv);
    env = Pointers(options->env);
  }
  auto child = std::unique_ptr<HostChild>(new HostChild);
  const pid_t parent = getpid();
  child->pid_ = fork();
  if (child->pid_ < 0) return HostError(errno, "fork()");
  if (child->pid_ == 0) {
    Apply(conditions, parent);
    if (work != nullptr) {
      work();
      _exit(0);
    }
    if (options->input >= 0) dup2(options->input, STDIN_FILENO);
    dup2(output.write.get(), STDOUT_FILENO);
    dup2(errors.write.get(), STDERR_FILENO);
    execve(options->path.c_str(), argv.data(), env.data());
    _exit(kCannotExecute);
  }
  child->output_ = std::move(output.read);
  child->errors_ = std::move(errors.read);
  return child;
}

HostChild::~HostChild() {
  if (pid_ <= 0) return;
  kill(pid_, SIGKILL);
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

absl::StatusOr<int> HostChild::Wait(const OnOutput& on_output,
                                    const std::function<void()>& on_tick) {
  std::array<char, 64 * 1024> bytes;
  while (output_.valid() || errors_.valid()) {
    pollfd fds[2] = {{.fd = output_.get(), .events = POLLIN, .revents = 0},
                     {.fd = errors_.get(), .events = POLLIN, .revents = 0}};
    on_tick();
    if (poll(fds, 2, kTickMilliseconds) < 0) {
      if (errno == EINTR) continue;
      return HostError(errno, "poll()");
    }
    for (int i = 0; i < 2; ++i) {
      if (fds[i].revents == 0) continue;
      const ssize_t n = read(fds[i].fd, bytes.data(), bytes.size());
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) {
        (i == 0 ? output_ : errors_).Reset();
        continue;
      }
      absl::Status status = on_output(i + 1, {bytes.data(), size_t(n)});
      if (!status.ok()) return status;
    }
  }
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0) {
    if (errno != EINTR) return HostError(errno, "waitpid()");
  }
  pid_ = -1;
  return status;
}

absl::StatusOr<OwnedFd> OpenTemporaryFile() {
  const char* variable = getenv("TMPDIR");
  const std::string directory =
      variable != nullptr && *variable != '\0' ? variable : "/tmp";
  OwnedFd file(open(directory.c_str(), O_TMPFILE | O_RDWR, 0600));
  if (file.valid()) return file;
  // Not every file system has files without names.
  std::string name = absl::StrCat(directory, "/emu.XXXXXX");
  file.Reset(mkstemp(name.data()));
  if (!file.valid()) {
    return HostError(errno, absl::StrCat("mkstemp(", name, ")"));
  }
  unlink(name.c_str());
  return file;
}

std::string NameOfDescriptor(int fd) {
  return absl::StrCat("/proc/self/fd/", fd);
}

}  // namespace emu
