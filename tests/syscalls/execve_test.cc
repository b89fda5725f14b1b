// SPDX-License-Identifier: Apache-2.0
//
// execve(2) and execveat(2): errors, scripts, what is kept and what is reset.

#include <elf.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <sys/auxv.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "tests/util/child.h"
#include "tests/util/fd.h"
#include "tests/util/map.h"
#include "tests/util/syscall_matchers.h"
#include "tests/util/temp_path.h"

namespace emu {
namespace {

using ExecveTest = TempDirTest;
using ScriptTest = TempDirTest;
using ExecveatTest = TempDirTest;

struct Outcome {
  int status;
  std::string output;
};

// Runs body, which should exec, in a child whose standard output is caught.
template <typename Body>
Outcome Catch(Body body) {
  Pipe pipe(O_CLOEXEC);
  Child child([&] {
    dup2(pipe.write, STDOUT_FILENO);
    body();
    _exit(kCheckFailed);
  });
  pipe.write.Reset();
  Outcome outcome;
  char buffer[4096];
  ssize_t n;
  while ((n = read(pipe.read, buffer, sizeof(buffer))) > 0) {
    outcome.output.append(buffer, n);
  }
  outcome.status = child.Wait();
  return outcome;
}

int Exec(const char* path, std::vector<const char*> argv,
         std::vector<const char*> env = {}) {
  argv.push_back(nullptr);
  env.push_back(nullptr);
  return execve(path, const_cast<char**>(argv.data()),
                const_cast<char**>(env.data()));
}

Outcome Shell(const char* command) {
  return Catch([=] { Exec("/bin/sh", {"sh", "-c", command}); });
}

bool WriteProgram(const char* path, std::string_view content) {
  return WriteFile(path, content) && chmod(path, 0755) == 0;
}

TEST_F(ExecveTest, PassesArgumentsAndEnvironment) {
  const Outcome outcome = Catch([] {
    Exec("/bin/sh", {"name", "-c", "echo $0 $1 $X", "zero", "one"}, {"X=ex"});
  });
  EXPECT_THAT(outcome.status, Exited(0));
  EXPECT_EQ(outcome.output, "zero one ex\n");
}

TEST_F(ExecveTest, KeepsPid) {
  Pipe pipe;
  Child child([&] {
    dup2(pipe.write, STDOUT_FILENO);
    Exec("/bin/sh", {"sh", "-c", "echo $$"});
  });
  char text[16];
  const ssize_t n = read(pipe.read, text, sizeof(text));
  ASSERT_GT(n, 1);
  EXPECT_EQ(std::string(text, n - 1), std::to_string(child.pid()));
  EXPECT_THAT(child.Wait(), Exited(0));
}

TEST_F(ExecveTest, PathErrors) {
  ASSERT_TRUE(WriteFile("file", "#!/bin/sh\n"));
  EXPECT_THAT(Exec("missing", {"x"}), FailsWith(ENOENT));
  EXPECT_THAT(Exec("", {"x"}), FailsWith(ENOENT));
  EXPECT_THAT(Exec("file/x", {"x"}), FailsWith(ENOTDIR));
  EXPECT_THAT(Exec("file", {"x"}), FailsWith(EACCES));
  EXPECT_THAT(Exec(".", {"x"}), FailsWith(EACCES));
  EXPECT_THAT(Exec("/dev/null", {"x"}), FailsWith(EACCES));
}

TEST_F(ExecveTest, BadPointersFail) {
  char* argv[] = {static_cast<char*>(BadAddress()), nullptr};
  EXPECT_THAT(execve("/bin/true", argv, nullptr), FailsWith(EFAULT));
  EXPECT_THAT(syscall(SYS_execve, BadAddress(), nullptr, nullptr),
              FailsWith(EFAULT));
  EXPECT_THAT(syscall(SYS_execve, "/bin/true", BadAddress(), nullptr),
              FailsWith(EFAULT));
  EXPECT_THAT(syscall(SYS_execve, "missing", BadAddress(), nullptr),
              FailsWith(ENOENT));
}

TEST_F(ExecveTest, UnknownFormatIsRefused) {
  ASSERT_TRUE(WriteProgram("text", "echo hi\n"));
  ASSERT_TRUE(WriteProgram("empty", ""));
  EXPECT_THAT(Exec("text", {"x"}), FailsWith(ENOEXEC));
  EXPECT_THAT(Exec("empty", {"x"}), FailsWith(ENOEXEC));
}

TEST_F(ExecveTest, BrokenElfIsRefused) {
  std::string header = ReadFile("/proc/self/exe").substr(0, 64);
  ASSERT_TRUE(WriteProgram("truncated", header.substr(0, 30)));
  EXPECT_THAT(Exec("truncated", {"x"}), FailsWith(ENOEXEC));
  auto* elf = reinterpret_cast<Elf64_Ehdr*>(header.data());
  elf->e_machine = EM_AARCH64;
  ASSERT_TRUE(WriteProgram("foreign", header));
  EXPECT_THAT(Exec("foreign", {"x"}), FailsWith(ENOEXEC));
}

TEST_F(ExecveTest, RunningFileCannotBeWritten) {
  ASSERT_TRUE(WriteProgram("program", ReadFile("/bin/sleep")));
  Pipe pipe(O_CLOEXEC);
  Child child([&] { Exec("program", {"sleep", "1000"}); });
  pipe.write.Reset();
  char c;
  ASSERT_THAT(read(pipe.read, &c, 1), SucceedsWith(0));  // It has started.
  EXPECT_THAT(open("program", O_WRONLY), FailsWith(ETXTBSY));
  EXPECT_THAT(truncate("program", 0), FailsWith(ETXTBSY));
}

TEST_F(ExecveTest, WrittenFileCannotBeRun) {
  ASSERT_TRUE(WriteProgram("program", ReadFile("/bin/true")));
  const Fd fd(open("program", O_WRONLY));
  EXPECT_THAT(Exec("program", {"x"}), FailsWith(ETXTBSY));
}

TEST_F(ExecveTest, SingleArgumentIsAtMost128KiB) {
  const std::string fits(128 * 1024 - 1, 'x');
  const std::string over(128 * 1024, 'x');
  EXPECT_THAT(RunInChild([&] {
                Exec("/bin/true", {"x", fits.c_str()});
              }),
              Exited(0));
  EXPECT_THAT(Exec("/bin/true", {"x", over.c_str()}), FailsWith(E2BIG));
}

TEST_F(ExecveTest, AllArgumentsTakeAQuarterOfTheStackLimit) {
  EXPECT_THAT(RunInChild([&] {
                const rlimit limit = {1 << 20, 1 << 20};
                CHILD_CHECK(setrlimit(RLIMIT_STACK, &limit) == 0);
                const std::string piece(64 * 1024, 'x');
                std::vector<const char*> argv(8, piece.c_str());
                CHILD_CHECK(Exec("/bin/true", argv) == -1 && errno == E2BIG);
                argv.resize(2);
                Exec("/bin/true", argv);
              }),
              Exited(0));
}

TEST_F(ExecveTest, MissingArgvBecomesOneEmptyString) {
  ASSERT_TRUE(WriteProgram("script", "#!/bin/sh\necho $#\n"));
  const Outcome outcome =
      Catch([] { syscall(SYS_execve, "script", nullptr, nullptr); });
  EXPECT_THAT(outcome.status, Exited(0));
  EXPECT_EQ(outcome.output, "0\n");
}

TEST_F(ExecveTest, CloseOnExecDescriptorsAreClosed) {
  EXPECT_THAT(RunInChild([] {
                CHILD_CHECK(dup3(0, 8, O_CLOEXEC) == 8 && dup2(0, 9) == 9);
                Exec("/bin/sh", {"sh", "-c",
                                 "test ! -e /proc/self/fd/8 && "
                                 "test -e /proc/self/fd/9"});
              }),
              Exited(0));
}

TEST_F(ExecveTest, HandlersAreResetAndIgnoredSignalsStay) {
  struct sigaction action = {};
  action.sa_handler = [](int) {};
  EXPECT_THAT(RunInChild([&] {
                sigaction(SIGUSR1, &action, nullptr);
                Exec("/bin/sh", {"sh", "-c", "kill -USR1 $$"});
              }),
              KilledBy(SIGUSR1));
  EXPECT_THAT(RunInChild([&] {
                signal(SIGUSR1, SIG_IGN);
                Exec("/bin/sh", {"sh", "-c", "kill -USR1 $$"});
              }),
              Exited(0));
}

TEST_F(ExecveTest, MaskAndPendingSignalsStay) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  const Outcome outcome = Catch([&] {
    sigprocmask(SIG_BLOCK, &set, nullptr);
    raise(SIGUSR1);
    Exec("/bin/grep",
         {"grep", "-E", "^(SigBlk|ShdPnd|SigPnd)", "/proc/self/status"});
  });
  EXPECT_THAT(outcome.output, testing::HasSubstr("SigBlk:\t0000000000000200"));
  EXPECT_THAT(outcome.output, testing::HasSubstr("Pnd:\t0000000000000200"));
}

TEST_F(ExecveTest, OtherThreadsEndAndCallerBecomesLeader) {
  EXPECT_THAT(
      RunInChild([] {
        pthread_t thread;
        pthread_create(
            &thread, nullptr,
            [](void*) -> void* {
              CHILD_CHECK(gettid() != getpid());
              char command[80];
              snprintf(command, sizeof(command),
                       "test $$ = %d && "
                       "test $(ls /proc/$$/task | wc -l) = 1",
                       getpid());
              Exec("/bin/sh", {"sh", "-c", command}, {"PATH=/usr/bin:/bin"});
              _exit(kCheckFailed);
            },
            nullptr);
        for (;;) pause();
      }),
      Exited(0));
}

TEST_F(ExecveTest, AuxiliaryVectorIsComplete) {
  EXPECT_EQ(getauxval(AT_PAGESZ), 4096u);
  EXPECT_EQ(getauxval(AT_UID), getuid());
  EXPECT_EQ(getauxval(AT_EGID), getegid());
  EXPECT_EQ(getauxval(AT_SECURE), 0u);
  EXPECT_EQ(getauxval(AT_CLKTCK), 100u);
  EXPECT_EQ(getauxval(AT_PHENT), sizeof(Elf64_Phdr));
  EXPECT_NE(getauxval(AT_PHDR), 0u);
  EXPECT_NE(getauxval(AT_ENTRY), 0u);
  EXPECT_NE(getauxval(AT_RANDOM), 0u);
  EXPECT_NE(getauxval(AT_HWCAP), 0u);
  EXPECT_STREQ(reinterpret_cast<char*>(getauxval(AT_PLATFORM)), "x86_64");
  EXPECT_STREQ(reinterpret_cast<char*>(getauxval(AT_EXECFN)),
               program_invocation_name);
}

TEST_F(ScriptTest, RunsInterpreterWithArgumentAndPath) {
  ASSERT_TRUE(WriteProgram("script", "#!  /bin/echo  one two \nignored\n"));
  const Outcome outcome = Catch([] { Exec("./script", {"zero", "a", "b"}); });
  EXPECT_EQ(outcome.output, "one two ./script a b\n");
}

TEST_F(ScriptTest, MissingInterpreterIsMissing) {
  ASSERT_TRUE(WriteProgram("script", "#!/missing\n"));
  EXPECT_THAT(Exec("script", {"x"}), FailsWith(ENOENT));
}

TEST_F(ScriptTest, EmptyInterpreterIsUnknownFormat) {
  ASSERT_TRUE(WriteProgram("script", "#!\n"));
  EXPECT_THAT(Exec("script", {"x"}), FailsWith(ENOEXEC));
  ASSERT_TRUE(WriteProgram("script", "#!   \n"));
  EXPECT_THAT(Exec("script", {"x"}), FailsWith(ENOEXEC));
}

TEST_F(ScriptTest, ScriptsMayNestAFewLevels) {
  ASSERT_TRUE(WriteProgram("script0", "#!/bin/echo base\n"));
  for (int i = 1; i <= 6; ++i) {
    const std::string line = "#!./script" + std::to_string(i - 1) + "\n";
    ASSERT_TRUE(WriteProgram(("script" + std::to_string(i)).c_str(), line));
  }
  EXPECT_THAT(RunInChild([] { Exec("script4", {"x"}); }), Exited(0));
  EXPECT_THAT(Exec("script5", {"x"}), FailsWith(ELOOP));
}

TEST_F(ExecveatTest, RunsRelativeToDirectoryAndDescriptor) {
  const Fd bin(open("/bin", O_PATH));
  char* argv[] = {const_cast<char*>("true"), nullptr};
  EXPECT_THAT(RunInChild([&] {
                execveat(bin, "true", argv, nullptr, 0);
                _exit(1);
              }),
              Exited(0));
  const Fd file(open("/bin/true", O_PATH | O_CLOEXEC));
  EXPECT_THAT(RunInChild([&] {
                execveat(file, "", argv, nullptr, AT_EMPTY_PATH);
                _exit(1);
              }),
              Exited(0));
}

TEST_F(ExecveatTest, Errors) {
  char* argv[] = {const_cast<char*>("true"), nullptr};
  ASSERT_THAT(symlink("/bin/true", "link"), Succeeds());
  ASSERT_TRUE(WriteProgram("script", "#!/bin/echo\n"));
  EXPECT_THAT(execveat(AT_FDCWD, "link", argv, nullptr, AT_SYMLINK_NOFOLLOW),
              FailsWith(ELOOP));
  EXPECT_THAT(execveat(AT_FDCWD, "link", argv, nullptr, 1), FailsWith(EINVAL));
  EXPECT_THAT(execveat(777, "x", argv, nullptr, 0), FailsWith(EBADF));
  EXPECT_THAT(execveat(777, "", argv, nullptr, 0), FailsWith(ENOENT));
  const Fd script(open("script", O_RDONLY | O_CLOEXEC));
  EXPECT_THAT(execveat(script, "", argv, nullptr, AT_EMPTY_PATH),
              FailsWith(ENOENT));  // The interpreter could not open it.
}

TEST_F(ExecveTest, ProcSelfExeNamesTheProgram) {
  EXPECT_EQ(Shell("readlink /proc/self/exe | grep -c readlink").status, 0);
}

TEST_F(ExecveTest, ResetsCommandName) {
  EXPECT_EQ(Shell("cat /proc/self/comm").output, "cat\n");
}

}  // namespace
}  // namespace emu
