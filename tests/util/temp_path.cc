// SPDX-License-Identifier: Apache-2.0

#include "tests/util/temp_path.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

namespace emu {
namespace {

void RemoveContents(int parent, const char* name) {
  fchmodat(parent, name, 0700, 0);
  const int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  if (fd < 0) return;
  DIR* dir = fdopendir(fd);
  while (const dirent* entry = readdir(dir)) {
    const char* child = entry->d_name;
    if (strcmp(child, ".") == 0 || strcmp(child, "..") == 0) continue;
    if (unlinkat(fd, child, 0) == 0) continue;
    RemoveContents(fd, child);
    unlinkat(fd, child, AT_REMOVEDIR);
  }
  closedir(dir);
}

}  // namespace

TempDir::TempDir() : previous_(open(".", O_PATH | O_CLOEXEC)) {
  const char* base = getenv("TMPDIR");
  path_ = std::string(base != nullptr ? base : "/tmp") + "/test.XXXXXX";
  if (mkdtemp(path_.data()) == nullptr || chdir(path_.c_str()) != 0) {
    perror(path_.c_str());
    abort();
  }
}

TempDir::~TempDir() {
  if (fchdir(previous_) != 0) perror("fchdir");
  RemoveContents(AT_FDCWD, path_.c_str());
  if (rmdir(path_.c_str()) != 0) perror(path_.c_str());
}

bool WriteFile(const char* path, std::string_view content) {
  const Fd fd(open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  return write(fd, content.data(), content.size()) ==
         static_cast<ssize_t>(content.size());
}

std::string ReadFile(const char* path) {
  const Fd fd(open(path, O_RDONLY | O_CLOEXEC));
  std::string content;
  char buffer[4096];
  for (;;) {
    const ssize_t n = read(fd, buffer, sizeof(buffer));
    if (n < 0) return "<error>";
    if (n == 0) return content;
    content.append(buffer, n);
  }
}

Fd OpenWith(const char* path, std::string_view content, int flags) {
  if (!WriteFile(path, content)) return Fd();
  return Fd(open(path, O_RDWR | flags));
}

}  // namespace emu
