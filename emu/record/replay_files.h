// SPDX-License-Identifier: Apache-2.0
//
// The files of a replay: their contents come from the recording, piece by piece
// as guests read them, whole where guests map them. What guests write to a
// writable bind changes what its mappings show, and no file.

#ifndef EMU_RECORD_REPLAY_FILES_H_
#define EMU_RECORD_REPLAY_FILES_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "arch/result.h"
#include "emu/record/content_prefetcher.h"
#include "emu/record/input_player.h"
#include "emu/record/recorded_files.h"
#include "emu/trace/trace_reader.h"

namespace emu {

class ReplayFiles : public RecordedFiles {
 public:
  // All outlive it.
  ReplayFiles(ContentStore& store, const TraceReader& reader,
              ContentPrefetcher& prefetcher, InputPlayer& player)
      : RecordedFiles(store),
        reader_(reader),
        prefetcher_(prefetcher),
        player_(player) {}

  // A file that holds `content` and is as `node` says. EIO when the recording
  // does not have it.
  Result<HostFileId> AddCopy(ContentId content, const HostNode& node);
  // As HostTree's, of a copy.
  Result<size_t> ReadCopy(const OpenedFile& file, absl::Span<char> out,
                          uint64_t offset);
  // What a guest does to a live file, for the mappings that show it.
  void Write(OpenedFile& file, absl::Span<const char> bytes, uint64_t offset);
  void SetSize(OpenedFile& file, uint64_t size);

  absl::StatusOr<int> Descriptor(HostFileId id) override;

 protected:
  bool IsRecorded(ContentId) override { return true; }
  absl::StatusOr<size_t> ReadRecorded(ContentId content, uint64_t offset,
                                      absl::Span<char> out) override {
    return reader_.ReadContent(content, offset, out);
  }

 private:
  // Gives the file what it holds: a string, or a slot for that.
  absl::Status Fill(OpenedFile& file);
  // A slot for a content of that size, with what was unpacked of it.
  absl::StatusOr<ContentStore::Slot> NewSlot(ContentId content, uint64_t size);
  // Brings bytes of a content into the store, with all of the pieces they are
  // in.
  absl::Status Fetch(ContentStore::Slot slot, ContentId content,
                     uint64_t offset, uint64_t length);
  // All of it comes to be where a guest can map it.
  absl::Status Map(OpenedFile& file);
  // The slot for a live file that is to be mapped.
  absl::Status MapLive(HostFileId id, OpenedFile& file);

  const TraceReader& reader_;
  ContentPrefetcher& prefetcher_;
  InputPlayer& player_;
  // Which pieces are in the store, by slot: all, if it is not here.
  std::map<ContentStore::Slot, std::vector<bool>> fetched_;
  std::string buffer_;
};

}  // namespace emu

#endif  // EMU_RECORD_REPLAY_FILES_H_
