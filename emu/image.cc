// SPDX-License-Identifier: Apache-2.0

#include "emu/image.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "arch/host/host_tree_live.h"
#include "arch/host/memory_tree.h"
#include "emu/archive.h"
#include "emu/oci.h"

namespace emu {
namespace {

constexpr uint64_t kSmall = 16 << 20;

// Whether the tree is the directory that the host's / is.
bool IsHostRoot(HostTree& tree) {
  struct stat root = {};
  const Result<HostNode> node = tree.Stat("");
  return node.ok() && stat("/", &root) == 0 && node->device == root.st_dev &&
         node->inode == root.st_ino;
}

bool IsRegular(HostTree& tree, const std::string& path) {
  const Result<HostNode> node = tree.Stat(path);
  return node.ok() && S_ISREG(node->mode);
}

// Whether `path` is `folder` or below it, both without leading slashes.
bool IsIn(absl::string_view path, absl::string_view folder) {
  return absl::StartsWith(path, folder) &&
         (path.size() == folder.size() || path[folder.size()] == '/');
}

// Whether others than the owner can go through a directory.
bool IsOpen(const struct stat& st) { return (st.st_mode & S_IXOTH) != 0; }

LiveHostTree::Owns OwnsOnHost(std::shared_ptr<const Ownership> ownership) {
  return [ownership, user = geteuid()](const std::string& path,
                                       const struct stat& st) {
    const uid_t uid = st.st_uid;
    if (user != 0) return uid == user;
    if (uid == ownership->uid) return true;
    if (uid != 0 || ownership->near == "/") return uid == 0;
    const absl::string_view near =
        absl::StripPrefix(absl::string_view(ownership->near), "/");
    if (path.empty() || near.empty()) return false;
    return IsIn(path, near) || (IsIn(near, path) && !IsOpen(st));
  };
}

absl::StatusOr<Image> OpenLayout(HostTree& layout, const std::string& path,
                                 OpenFiles& files) {
  auto tree = MemoryTree::Create(path, files);
  if (!tree.ok()) return tree.status();
  absl::StatusOr<OciConfig> config = UnpackOci(layout, path, **tree);
  if (!config.ok()) return config.status();
  Image image;
  image.is_archive = true;
  image.tree = *std::move(tree);
  image.env = std::move(config->env);
  image.workdir = std::move(config->workdir);
  return image;
}

}  // namespace

absl::StatusOr<Image> OpenImage(const std::string& path,
                                std::shared_ptr<const Ownership> ownership,
                                OpenFiles& files) {
  auto host = OpenHostTree(path, false, ownership, files);
  if (!host.ok()) return host.status();
  const Result<HostNode> root = (*host)->Stat("");
  if (root.ok() && S_ISDIR(root->mode)) {
    if (IsOciLayout(**host)) return OpenLayout(**host, path, files);
    Image image;
    image.is_host_root = IsHostRoot(**host);
    image.tree = *std::move(host);
    return image;
  }
  if (!IsRegular(**host, "")) {
    return absl::InvalidArgumentError(absl::StrCat(
        path, " is neither a directory nor an archive nor an OCI layout"));
  }
  auto unpacked = MemoryTree::Create(path, files);
  if (!unpacked.ok()) return unpacked.status();
  absl::Status status =
      UnpackArchive(**host, "", path, ArchiveKind::kPlain, **unpacked);
  if (!status.ok()) return status;
  if (IsOciLayout(**unpacked)) {
    return OpenLayout(**unpacked, path, files);
  }
  Image image;
  image.is_archive = true;
  image.tree = *std::move(unpacked);
  return image;
}

absl::StatusOr<std::unique_ptr<HostTree>> OpenHostTree(
    const std::string& path, bool writable,
    std::shared_ptr<const Ownership> ownership, OpenFiles& files) {
  auto tree = LiveHostTree::Open(path, writable, files, OwnsOnHost(ownership));
  if (!tree.ok()) return tree.status();
  return std::unique_ptr<HostTree>(*std::move(tree));
}

absl::StatusOr<std::string> ReadSmallFile(HostTree& tree,
                                          const std::string& path) {
  const auto error = [&path](Errno error) {
    return absl::NotFoundError(
        absl::StrCat(path, ": ", strerrordesc_np(error.value())));
  };
  const Result<HostFileId> file = tree.Open(path, false);
  if (!file.ok()) return error(file.error());
  const Result<HostNode> node = tree.StatFile(*file);
  std::string content;
  Result<size_t> n = Errno(EFBIG);
  if (node.ok() && node->size <= kSmall) {
    content.resize(node->size);
    n = tree.ReadAt(*file, absl::MakeSpan(content.data(), content.size()), 0);
  }
  tree.Close(*file);
  if (!n.ok()) return error(n.error());
  content.resize(*n);
  return content;
}

}  // namespace emu
