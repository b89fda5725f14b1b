// SPDX-License-Identifier: Apache-2.0

#include "emu/guest_user.h"

#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "emu/image.h"

namespace emu {
namespace {

using Line = std::vector<std::string>;

// The lines of a file like /etc/passwd, those of at least `fields` fields;
// nothing when there is no such file.
std::vector<Line> ReadDatabase(HostTree& root, const std::string& path,
                               size_t fields) {
  std::vector<Line> lines;
  const absl::StatusOr<std::string> text = ReadSmallFile(root, path);
  if (!text.ok()) return lines;
  for (absl::string_view line : absl::StrSplit(*text, '\n')) {
    Line parts = absl::StrSplit(line, ':');
    if (parts.size() >= fields) lines.push_back(std::move(parts));
  }
  return lines;
}

// The line whose name or (third field) number `wanted` is.
const Line* FindLine(const std::vector<Line>& lines, const std::string& wanted) {
  const std::optional<uint32_t> id = ParseId(wanted);
  for (const Line& line : lines) {
    if (id ? ParseId(line[2]) == id : line[0] == wanted) return &line;
  }
  return nullptr;
}

absl::Status Unknown(const char* what, const std::string& name,
                     const char* file) {
  return absl::NotFoundError(absl::StrCat("-u: ", what, " ", Quoted(name),
                                          " is not in the guest's ", file));
}

}  // namespace

absl::StatusOr<GuestUser> FindUser(const UserOption& option, HostTree& root) {
  const std::vector<Line> users = ReadDatabase(root, "etc/passwd", 7);
  const std::vector<Line> groups = ReadDatabase(root, "etc/group", 3);
  GuestUser user;
  std::string group = option.group;
  if (const Line* line = FindLine(users, option.user)) {
    const std::optional<uint32_t> uid = ParseId((*line)[2]);
    if (!uid) return Unknown("user", option.user, "/etc/passwd");
    user.uid = *uid;
    user.name = (*line)[0];
    user.home = (*line)[5];
    user.shell = (*line)[6];
    if (group.empty()) group = (*line)[3];
  } else {
    std::optional<uint32_t> uid = ParseId(option.user);
    if (option.user == "root") uid = 0;
    if (!uid) return Unknown("user", option.user, "/etc/passwd");
    user.uid = *uid;
    user.name = *uid == 0 ? "root" : "user";
    user.home = *uid == 0 ? "/root" : "/home/user";
    if (group.empty()) group = absl::StrCat(*uid);
  }
  if (const Line* line = FindLine(groups, group)) group = (*line)[2];
  const std::optional<uint32_t> gid = ParseId(group);
  if (!gid) return Unknown("group", group, "/etc/group");
  user.gid = *gid;
  if (user.home.empty()) user.home = "/";
  if (user.shell.empty()) user.shell = "/bin/sh";
  if (FindLine(users, absl::StrCat(user.uid)) == nullptr) {
    user.passwd_line = absl::StrCat(user.name, ":x:", user.uid, ":", user.gid,
                                    "::", user.home, ":", user.shell, "\n");
  }
  if (FindLine(groups, absl::StrCat(user.gid)) == nullptr) {
    user.group_line = absl::StrCat(user.name, ":x:", user.gid, ":\n");
  }
  return user;
}

}  // namespace emu
