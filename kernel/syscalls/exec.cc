// SPDX-License-Identifier: Apache-2.0
//
// execve(2) and execveat(2).

#include "kernel/mm/exec.h"

#include <fcntl.h>
#include <sys/resource.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "kernel/kernel.h"
#include "kernel/mm/exec_stack.h"
#include "kernel/mm/string_reader.h"
#include "kernel/process.h"
#include "kernel/syscall.h"
#include "kernel/task.h"

namespace emu {
namespace {

// The pointers of an argument list up to its null. `most` bounds their number:
// E2BIG.
Result<std::vector<GuestAddr>> ReadPointers(StringReader& reader,
                                            UserPtr<const GuestAddr> list,
                                            size_t most) {
  std::vector<GuestAddr> pointers;
  if (!list) return pointers;
  while (true) {
    const GuestAddr pointer =
        TRY(reader.ReadWord(list.At(pointers.size()).addr()));
    if (pointer == 0) return pointers;
    if (pointers.size() == most) return Errno(E2BIG);
    pointers.push_back(pointer);
  }
}

// `room` is what all strings together may take; less is left afterwards.
Result<std::vector<std::string>> ReadStrings(
    StringReader& reader, const std::vector<GuestAddr>& pointers,
    uint64_t* room) {
  std::vector<std::string> strings;
  strings.reserve(pointers.size());
  for (GuestAddr pointer : pointers) {
    std::string text = TRY(reader.Read(pointer, kLongestArgument - 1));
    const uint64_t bytes = text.size() + 1;
    if (bytes > *room) return Errno(E2BIG);
    *room -= bytes;
    strings.push_back(std::move(text));
  }
  return strings;
}

Result<> ReadArguments(Task& task, UserPtr<const GuestAddr> argv,
                       UserPtr<const GuestAddr> envp, ExecRequest* request) {
  uint64_t room = ArgumentRoom(task.process().limit(RLIMIT_STACK));
  const size_t most = room / sizeof(GuestAddr);
  StringReader reader(*task.mm);
  const auto arguments = TRY(ReadPointers(reader, argv, most));
  const auto environment = TRY(ReadPointers(reader, envp, most));
  const uint64_t pointers =
      (std::max<size_t>(arguments.size(), 1) + environment.size()) *
      sizeof(GuestAddr);
  if (pointers >= room) return Errno(E2BIG);
  room -= pointers;
  request->envp = TRY(ReadStrings(reader, environment, &room));
  request->argv = TRY(ReadStrings(reader, arguments, &room));
  return {};
}

Result<> Finish(Task& task, const FileRef& program, ExecRequest& request,
                UserPtr<const GuestAddr> argv, UserPtr<const GuestAddr> envp) {
  TRY(ReadArguments(task, argv, envp, &request));
  TRY(ExecFile(task, program, request));
  return kNoReturn;
}

// A program named by a descriptor has a name that leads there.
void NameByDescriptor(Task& task, Fd dirfd, ExecRequest* request) {
  request->name = absl::StrCat("/dev/fd/", dirfd.value);
  if (!request->path.empty()) {
    absl::StrAppend(&request->name, "/", request->path);
  }
  const Result<bool> cloexec = task.files->GetCloexec(dirfd);
  request->name_is_closed = cloexec.ok() && *cloexec;
}

}  // namespace

// execve(2).
Result<> sys_execve(Task& task, UserCString path, UserPtr<const GuestAddr> argv,
                    UserPtr<const GuestAddr> envp) {
  ExecRequest request{.start = {}, .path = TRY(task.ReadPath(path))};
  const FileRef program = TRY(OpenProgram(task, Path(), request.path));
  return Finish(task, program, request, argv, envp);
}

// execveat(2).
Result<> sys_execveat(Task& task, Fd dirfd, UserCString path,
                      UserPtr<const GuestAddr> argv,
                      UserPtr<const GuestAddr> envp, int flags) {
  ExecRequest request{.start = {}, .path = TRY(task.ReadPath(path))};
  if (request.path.empty() && !(flags & AT_EMPTY_PATH)) return Errno(ENOENT);
  if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) return Errno(EINVAL);
  ResolveFlags resolve;
  resolve.follow_last = !(flags & AT_SYMLINK_NOFOLLOW);
  resolve.allow_empty = (flags & AT_EMPTY_PATH) != 0;
  const bool absolute = !request.path.empty() && request.path[0] == '/';
  if (!absolute) request.start = TRY(task.StartOf(dirfd));
  const FileRef program =
      TRY(OpenProgram(task, request.start, request.path, resolve));
  if (!absolute && dirfd.value != AT_FDCWD) {
    NameByDescriptor(task, dirfd, &request);
  }
  return Finish(task, program, request, argv, envp);
}

}  // namespace emu
