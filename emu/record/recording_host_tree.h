// SPDX-License-Identifier: Apache-2.0
//
// A HostTree with every answer put into a recording. What identifies files on
// the host is replaced by numbers of the recording's own.

#ifndef EMU_RECORD_RECORDING_HOST_TREE_H_
#define EMU_RECORD_RECORDING_HOST_TREE_H_

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "arch/host_tree.h"
#include "emu/record/input_recorder.h"
#include "emu/record/recording_files.h"

namespace emu {

class RecordingHostTree : public HostTree {
 public:
  // The tree's `number` tells it from the recording's others; the user calls it
  // `name`. Everything borrowed outlives it.
  RecordingHostTree(HostTree& host, int number, const std::string& name,
                    bool writable, InputRecorder& recorder,
                    RecordingFiles& files)
      : host_(host),
        number_(number),
        name_(name),
        writable_(writable),
        recorder_(recorder),
        files_(files) {}

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
  // Begins a record with the question's first arguments.
  std::string& Ask(InputKind kind, const std::string& path);
  std::string& Ask(InputKind kind, HostFileId file);
  // Ends one whose answer is success or an error alone.
  Result<> Answer(std::string& record, Result<> result);
  // The whole of one about a path and a mode.
  Result<> AnswerMode(InputKind kind, const std::string& path, uint32_t mode,
                      Result<> result);
  HostNode Anonymous(const HostNode& node);
  std::string NameOf(const std::string& path) const;

  HostTree& host_;
  const int number_;
  const std::string name_;
  const bool writable_;
  InputRecorder& recorder_;
  RecordingFiles& files_;
  // Numbers for files, by device and inode.
  std::map<std::pair<uint64_t, uint64_t>, uint64_t> identities_;
};

}  // namespace emu

#endif  // EMU_RECORD_RECORDING_HOST_TREE_H_
