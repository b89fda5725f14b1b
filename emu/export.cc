// SPDX-License-Identifier: Apache-2.0

#include "emu/export.h"

#include <string.h>
#include <sys/stat.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "arch/host/staged_output.h"
#include "kernel/fs/inode.h"
#include "kernel/iov_iter.h"

namespace emu {
namespace {

constexpr int kDeepest = 1000;  // what the host's paths hold, and more

class Exporter {
 public:
  explicit Exporter(StagedOutput& output) : output_(output) {}

  // Copies `path` as `name`: see StagedOutput.
  absl::Status Copy(const Path& path, const std::string& name, int depth) {
    Inode& inode = path.inode();
    const Attributes& attr = inode.attr();
    switch (attr.mode & S_IFMT) {
      case S_IFREG:
        return CopyFile(inode, name);
      case S_IFDIR:
        return CopyDirectory(path, name, depth);
      case S_IFLNK: {
        const Result<std::string> target = inode.ReadLink(nullptr);
        if (!target.ok()) return Error(name, target.error());
        return output_.AddSymlink(name, *target, attr.mtime);
      }
      case S_IFIFO:
        return output_.AddFifo(name, attr.mode, attr.mtime);
      default:
        if (!name.empty()) return absl::OkStatus();
        return absl::InvalidArgumentError("it is a device or a socket");
    }
  }

 private:
  static absl::Status Error(const std::string& name, Errno error) {
    return absl::DataLossError(absl::StrCat(
        "reading ", name, ": ", strerrordesc_np(error.value())));
  }

  absl::Status CopyFile(Inode& inode, const std::string& name) {
    const Attributes& attr = inode.attr();
    uint64_t offset = 0;
    return output_.AddFile(
        name, attr.mode, attr.mtime,
        [&](absl::Span<char> out) -> absl::StatusOr<size_t> {
          IovIter to(out);
          const Result<size_t> n = inode.ReadAt(to, offset);
          if (!n.ok()) return Error(name, n.error());
          offset += *n;
          return *n;
        });
  }

  absl::Status CopyDirectory(const Path& path, const std::string& name,
                             int depth) {
    Inode& inode = path.inode();
    if (depth == kDeepest) {
      return absl::InvalidArgumentError("it is nested too deeply");
    }
    absl::Status status =
        output_.AddDirectory(name, inode.attr().mode, inode.attr().mtime);
    if (!status.ok()) return status;
    std::vector<std::string> children;
    const Result<> listed =
        inode.List(nullptr, 0, [&children](const DirEntry& entry) {
          children.emplace_back(entry.name);
          return true;
        });
    if (!listed.ok()) return Error(name, listed.error());
    for (const std::string& child : children) {
      const std::string child_name =
          name.empty() ? child : absl::StrCat(name, "/", child);
      const Result<Resolved> found =
          ResolveAsKernel(path, child, {.follow_last = false});
      if (!found.ok()) return Error(child_name, found.error());
      status = Copy(found->path, child_name, depth + 1);
      if (!status.ok()) return status;
    }
    return absl::OkStatus();
  }

  StagedOutput& output_;
};

absl::Status Explained(const ExportOption& option, const absl::Status& status) {
  if (status.ok()) return status;
  return absl::Status(status.code(),
                      absl::StrCat("--export ", option.guest, ":", option.host,
                                   ": ", status.message()));
}

}  // namespace

absl::Status CheckExport(const ExportOption& option) {
  return Explained(option, StagedOutput::Check(option.host));
}

absl::Status Export(const Path& root, const ExportOption& option) {
  const Result<Resolved> found = ResolveAsKernel(root, option.guest, {});
  if (!found.ok()) {
    return Explained(option,
                     absl::NotFoundError(absl::StrCat(
                         "the guest has no such file: ",
                         strerrordesc_np(found.error().value()))));
  }
  auto output = StagedOutput::Create(option.host);
  if (!output.ok()) return Explained(option, output.status());
  absl::Status status = Exporter(**output).Copy(found->path, "", 0);
  if (status.ok()) status = (*output)->Commit();
  return Explained(option, status);
}

}  // namespace emu
