// SPDX-License-Identifier: Apache-2.0

#include "emu/archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <string.h>
#include <sys/stat.h>

#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "emu/values.h"

namespace emu {
namespace {

constexpr absl::string_view kWhiteout = ".wh.";
constexpr absl::string_view kOpaque = ".wh..wh..opq";
constexpr size_t kChunk = 256 * 1024;
constexpr size_t kLongestPath = 4096;

struct CloseArchive {
  void operator()(archive* a) const { archive_read_free(a); }
};

// The compressed bytes, for libarchive's callbacks.
struct Input {
  HostTree& tree;
  HostFileId file;
  uint64_t offset = 0;
  std::vector<char> chunk = std::vector<char>(kChunk);
};

la_ssize_t ReadInput(archive* a, void* data, const void** bytes) {
  auto* input = static_cast<Input*>(data);
  const Result<size_t> n = input->tree.ReadAt(
      input->file, absl::MakeSpan(input->chunk), input->offset);
  if (!n.ok()) {
    archive_set_error(a, n.error().value(), "%s",
                      strerrordesc_np(n.error().value()));
    return -1;
  }
  input->offset += *n;
  *bytes = input->chunk.data();
  return static_cast<la_ssize_t>(*n);
}

// Which entries a pass over an archive is about.
enum class Entries { kAll, kWhiteouts, kFiles };

class Unpacker {
 public:
  Unpacker(const std::string& name, Entries entries, MemoryTree& tree)
      : name_(name),
        entries_(entries),
        tree_(tree),
        archive_(archive_read_new()) {
    archive* a = archive_.get();
    archive_read_support_format_tar(a);
    archive_read_support_filter_gzip(a);
    archive_read_support_filter_xz(a);
    archive_read_support_filter_zstd(a);
    archive_read_support_filter_bzip2(a);
    archive_read_support_filter_lz4(a);
  }

  absl::Status Run(Input& input) {
    if (archive_read_open(archive_.get(), &input, nullptr, ReadInput,
                          nullptr) != ARCHIVE_OK) {
      return Error("cannot be read as a tar archive");
    }
    for (;;) {
      archive_entry* entry = nullptr;
      const int status = archive_read_next_header(archive_.get(), &entry);
      if (status == ARCHIVE_EOF) return absl::OkStatus();
      // A warning concerns what is not used here.
      if (status != ARCHIVE_OK && status != ARCHIVE_WARN) {
        return Error("cannot be read as a tar archive");
      }
      const absl::Status added = Add(entry);
      if (!added.ok()) {
        return absl::Status(added.code(),
                            absl::StrCat(name_, ": ", added.message()));
      }
    }
  }

 private:
  absl::Status Error(absl::string_view what) const {
    const char* why = archive_error_string(archive_.get());
    return absl::InvalidArgumentError(
        absl::StrCat(name_, " ", what, why != nullptr ? ": " : "",
                     why != nullptr ? why : ""));
  }

  // A path of the archive as one of the tree.
  static absl::StatusOr<std::string> TreePath(const char* raw,
                                              const char* utf8) {
    const char* path = raw != nullptr ? raw : utf8;
    if (path == nullptr) {
      return absl::InvalidArgumentError("an entry has no readable name");
    }
    std::vector<absl::string_view> kept;
    for (absl::string_view part : absl::StrSplit(path, '/')) {
      if (part == "..") {
        return absl::InvalidArgumentError(
            absl::StrCat("entry ", Quoted(path), " leads out of the archive"));
      }
      if (!part.empty() && part != ".") kept.push_back(part);
    }
    std::string joined = absl::StrJoin(kept, "/");
    if (joined.size() < kLongestPath) return joined;
    return absl::InvalidArgumentError("an entry's name is too long");
  }

  absl::Status Add(archive_entry* entry) {
    absl::StatusOr<std::string> path = TreePath(
        archive_entry_pathname(entry), archive_entry_pathname_utf8(entry));
    if (!path.ok()) return path.status();
    if (entries_ != Entries::kAll && IsWhiteout(*path)) {
      if (entries_ == Entries::kWhiteouts) ApplyWhiteout(*path);
      return absl::OkStatus();
    }
    if (entries_ == Entries::kWhiteouts) return absl::OkStatus();
    if (archive_entry_hardlink(entry) != nullptr ||
        archive_entry_hardlink_utf8(entry) != nullptr) {
      absl::StatusOr<std::string> target = TreePath(
          archive_entry_hardlink(entry), archive_entry_hardlink_utf8(entry));
      if (!target.ok()) return target.status();
      return tree_.AddHardLink(*path, *target);
    }
    const MemoryTree::Node node = {
        .mode = static_cast<uint32_t>(archive_entry_mode(entry)),
        .mtime = archive_entry_mtime(entry) * Nanos{1'000'000'000} +
                 archive_entry_mtime_nsec(entry),
        .uid = static_cast<uint32_t>(archive_entry_uid(entry)),
        .gid = static_cast<uint32_t>(archive_entry_gid(entry)),
        .rdev = archive_entry_rdev(entry),
        .xattrs = XattrsOf(entry)};
    if (S_ISLNK(node.mode)) {
      const char* target = archive_entry_symlink(entry);
      if (target == nullptr) target = archive_entry_symlink_utf8(entry);
      return tree_.AddSymlink(*path, node, target != nullptr ? target : "");
    }
    if (!S_ISREG(node.mode)) return tree_.Add(*path, node);
    if (path->empty()) {
      return absl::InvalidArgumentError("the root is not a directory");
    }
    return tree_.AddFile(*path, node, [this](absl::Span<char> out) {
      return ReadContent(out);
    });
  }

  // Sorted by name. The library tells one that the archive names twice, in
  // libarchive's own record and in star's, twice.
  static HostTree::Xattrs XattrsOf(archive_entry* entry) {
    std::map<std::string, std::string> xattrs;
    const char* name;
    const void* value;
    size_t size;
    archive_entry_xattr_reset(entry);
    while (archive_entry_xattr_next(entry, &name, &value, &size) ==
           ARCHIVE_OK) {
      xattrs[name] = std::string(static_cast<const char*>(value), size);
    }
    return HostTree::Xattrs(xattrs.begin(), xattrs.end());
  }

  absl::StatusOr<size_t> ReadContent(absl::Span<char> out) {
    for (;;) {
      const la_ssize_t n =
          archive_read_data(archive_.get(), out.data(), out.size());
      if (n >= 0) return static_cast<size_t>(n);
      if (n == ARCHIVE_RETRY) continue;
      const char* why = archive_error_string(archive_.get());
      return absl::InvalidArgumentError(why != nullptr ? why : "damaged");
    }
  }

  static bool IsWhiteout(absl::string_view path) {
    const size_t slash = path.rfind('/');
    return absl::StartsWith(
        slash == absl::string_view::npos ? path : path.substr(slash + 1),
        kWhiteout);
  }

  void ApplyWhiteout(const std::string& path) {
    const size_t slash = path.rfind('/');
    const bool at_root = slash == std::string::npos;
    const std::string directory = at_root ? "" : path.substr(0, slash);
    const std::string name = at_root ? path : path.substr(slash + 1);
    if (name == kOpaque) {
      tree_.RemoveChildren(directory);
    } else {
      tree_.Remove(absl::StrCat(directory, at_root ? "" : "/",
                                name.substr(kWhiteout.size())));
    }
  }

  const std::string& name_;
  const Entries entries_;
  MemoryTree& tree_;
  std::unique_ptr<archive, CloseArchive> archive_;
};

}  // namespace

absl::Status UnpackArchive(HostTree& from, const std::string& path,
                           const std::string& name, ArchiveKind kind,
                           MemoryTree& tree) {
  const Result<HostFileId> file = from.Open(path, false);
  if (!file.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("cannot open ", name, ": ",
                     strerrordesc_np(file.error().value())));
  }
  const auto pass = [&](Entries entries) {
    Input input{from, *file};
    return Unpacker(name, entries, tree).Run(input);
  };
  absl::Status status;
  if (kind == ArchiveKind::kPlain) {
    status = pass(Entries::kAll);
  } else {
    // What a layer takes away is the layers' below, wherever it says so.
    status = pass(Entries::kWhiteouts);
    if (status.ok()) status = pass(Entries::kFiles);
  }
  from.Close(*file);
  return status;
}

}  // namespace emu
