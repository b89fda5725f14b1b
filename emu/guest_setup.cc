// SPDX-License-Identifier: Apache-2.0

#include "emu/guest_setup.h"

#include <stdlib.h>
#include <unistd.h>

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace emu {
namespace {

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

}  // namespace

Credentials CredentialsOf(const GuestUser& user) {
  Credentials creds;
  creds.uid = creds.euid = creds.suid = creds.fsuid = user.uid;
  creds.gid = creds.egid = creds.sgid = creds.fsgid = user.gid;
  if (user.uid == 0) creds.permitted = creds.effective = kAllCapabilities;
  return creds;
}

std::string HostDirectory() {
  char* path = getcwd(nullptr, 0);
  const std::string directory =
      path != nullptr && path[0] == '/' ? path : "/";
  free(path);
  return directory;
}

GuestSetup MakeGuestSetup(const RunOptions& options, const Image& image,
                          const GuestUser& user, Env& outside) {
  GuestSetup setup;
  setup.bind_times = options.mtime;
  // The times in an archive are a part of what it holds.
  setup.root_times =
      image.is_archive && options.mtime == ImportedTimes::kFixed
          ? ImportedTimes::kHost
          : options.mtime;
  setup.program = {.path = options.argv[0],
                   .argv = options.argv,
                   .env = GuestEnvironment(options, image, user, outside),
                   .cwd = WorkingDirectory(options, image),
                   .creds = CredentialsOf(user)};
  setup.kernel = {.hostname = options.hostname,
                  .cpus = options.cpus,
                  .memory = options.memory,
                  .pids_limit = options.pids_limit,
                  .host_time = options.host_time};
  setup.user = user;
  setup.is_host_root = image.is_host_root;
  setup.tmpfs = options.tmpfs;
  setup.binds = options.binds;
  return setup;
}

}  // namespace emu
