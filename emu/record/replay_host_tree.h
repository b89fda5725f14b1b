// SPDX-License-Identifier: Apache-2.0
//
// A HostTree as a recording has it: nothing of this host is looked at or
// changed.

#ifndef EMU_RECORD_REPLAY_HOST_TREE_H_
#define EMU_RECORD_REPLAY_HOST_TREE_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "arch/host_tree.h"
#include "emu/record/input_player.h"
#include "emu/record/replay_files.h"

namespace emu {

class ReplayHostTree : public HostTree {
 public:
  // The recording's tree `number`. What is borrowed outlives it.
  ReplayHostTree(int number, InputPlayer& player, ReplayFiles& files)
      : number_(number), player_(player), files_(files) {}

  Result<HostNode> Stat(const std::string& path) override;
  Result<std::vector<HostDirEntry>> List(const std::string& path) override;
  Result<std::string> ReadLink(const std::string& path) override;
  Result<HostFileId> Open(const std::string& path, bool writable) override;
  void Close(HostFileId file) override;
  Result<size_t> ReadAt(HostFileId file, absl::Span<char> out,
                        uint64_t offset) override;
  absl::string_view View(HostFileId file, uint64_t offset) override {
    return files_.View(file, offset);
  }
  Result<HostNode> StatFile(HostFileId file) override;
  Xattrs XattrsOf(const std::string& path) override;
  bool CanMap(HostFileId file, bool shared) override;
  Result<size_t> WriteAt(HostFileId file, absl::Span<const char> bytes,
                         uint64_t offset) override;
  Result<> Truncate(HostFileId file, uint64_t size) override;
  Result<> Sync(HostFileId file) override;
  Result<> Create(const std::string& path, uint32_t mode) override;
  Result<> MakeDirectory(const std::string& path, uint32_t mode) override;
  Result<> MakeNode(const std::string& path, uint32_t mode) override;
  Result<> MakeSymlink(const std::string& path,
                       const std::string& target) override;
  Result<> Link(const std::string& from, const std::string& to) override;
  Result<> Unlink(const std::string& path) override;
  Result<> RemoveDirectory(const std::string& path) override;
  Result<> Rename(const std::string& from, const std::string& to,
                  uint32_t flags) override;
  Result<> SetMode(const std::string& path, uint32_t mode) override;
  Result<> SetTimes(const std::string& path, Nanos atime,
                    Nanos mtime) override;

 private:
  // Begins question_ with its first arguments.
  std::string& Begin(const std::string& path);
  std::string& Begin(HostFileId file);
  // Asks question_. The answer's errno; else answer_ is what is behind it.
  Result<> Ask(InputKind kind);
  // The answer cannot be: EIO.
  Errno Malformed(InputKind kind);

  const int number_;
  InputPlayer& player_;
  ReplayFiles& files_;
  std::string question_;
  absl::string_view answer_;
};

}  // namespace emu

#endif  // EMU_RECORD_REPLAY_HOST_TREE_H_
