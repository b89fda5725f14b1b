// SPDX-License-Identifier: Apache-2.0
//
// The files of a run that is being recorded: copies of the host's, taken when
// they are first opened, from which guests read and map; what they see is what
// the recording holds. Larger files that came from packages are lent: nobody
// stores to those while they are in use, they are replaced by others of the same
// name; that one changed all the same is told at the end, as in any run. Files of
// writable binds are the host's own.

#ifndef EMU_RECORD_RECORDING_FILES_H_
#define EMU_RECORD_RECORDING_FILES_H_

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "arch/result.h"
#include "emu/record/input_recorder.h"
#include "emu/record/recorded_files.h"
#include "emu/trace/trace_writer.h"

namespace emu {

class RecordingFiles : public RecordedFiles {
 public:
  // All outlive it. `host` has the descriptors of what `trees` open.
  RecordingFiles(ContentStore& store, TraceWriter& writer,
                 InputRecorder& recorder, HostFiles& host)
      : RecordedFiles(store),
        writer_(writer),
        recorder_(recorder),
        host_(host) {}

  // Opens `path` of `tree`, which the user calls `name`, for reading.
  Result<OpenedFile> Open(HostTree& tree, const std::string& path,
                          const std::string& name);

  absl::StatusOr<int> Descriptor(HostFileId id) override;
  uint64_t Start(HostFileId id) override;

 protected:
  bool IsRecorded(ContentId content) override {
    return writer_.HasContent(content);
  }
  absl::StatusOr<size_t> ReadRecorded(ContentId content, uint64_t offset,
                                      absl::Span<char> out) override {
    return writer_.ReadContent(content, offset, out);
  }

 private:
  // A copy in the store, with one user.
  struct Stored {
    ContentStore::Slot slot;
    uint64_t size = 0;
  };

  // `file` itself, which stays open, where it may be lent; it is as `node` says.
  std::optional<OpenedFile> Lend(HostTree& tree, HostFileId file,
                                 const HostNode& node);
  Result<OpenedFile> Copy(HostTree& tree, HostFileId file, HostNode node);
  absl::StatusOr<Stored> Store(HostTree& tree, HostFileId file, uint64_t size);
  // The id that the recording gives it.
  ContentId Record(const Stored& stored);

  TraceWriter& writer_;
  InputRecorder& recorder_;
  HostFiles& host_;
  std::string buffer_;
};

}  // namespace emu

#endif  // EMU_RECORD_RECORDING_FILES_H_
