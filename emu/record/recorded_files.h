// SPDX-License-Identifier: Apache-2.0
//
// The files that guests have open in a run that is recorded or replayed, by id.
// Ids are given out in the same order in both, so that questions about files
// compare. What has been in memory for long, and no guest has mapped, is let go of
// when there is much of it: the recording has it too. Owned by the command; the trees
// and the machine borrow it.

#ifndef EMU_RECORD_RECORDED_FILES_H_
#define EMU_RECORD_RECORDED_FILES_H_

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "arch/host/host_files.h"
#include "arch/host_tree.h"
#include "arch/machine.h"
#include "emu/record/content_store.h"
#include "emu/trace/recording.h"

namespace emu {

// What an id stands for.
struct OpenedFile {
  bool open = false;
  // It is of a writable bind: what it holds is not known beforehand.
  bool live = false;
  // Where the store has it, if it does; a live one only while a guest's mapping
  // shows it.
  std::optional<ContentStore::Slot> slot = {};
  // All of it instead, where that is little and no guest has mapped it; else null.
  std::shared_ptr<const std::string> bytes = {};
  ContentId content = kNoContent;  // of what is not live
  HostNode node = {};              // likewise
  // How much memory may be let go of when there is much: what its slot or string
  // takes, or nothing once it is to stay.
  uint64_t held = 0;
  // It was let go of: there is neither, and the recording tells.
  bool dropped = false;
  uint64_t serial = 0;  // tells it from others that had its id
  // In a recording: the file itself, where guests use that.
  HostTree* tree = nullptr;
  HostFileId host = {};
};

// The bytes of `string` from `offset` on, and zeroes behind them.
void ReadString(const std::string& string, uint64_t offset,
                absl::Span<char> out);

class RecordedFiles : public HostFiles {
 public:
  static constexpr uint64_t kMostHeld = 128 << 20;

  // At most so many bytes stay in memory, and a file more. `store` outlives it.
  explicit RecordedFiles(ContentStore& store, uint64_t most_held = kMostHeld)
      : store_(store), most_held_(most_held) {}

  HostFileId Add(OpenedFile file);
  // Null when it is not open.
  OpenedFile* Find(HostFileId id);
  void Remove(HostFileId id);

  // As HostTree's.
  absl::string_view View(HostFileId id, uint64_t offset);

  ContentStore& store() { return store_; }

  uint64_t Start(HostFileId id) override;

  // Bytes of one that was dropped.
  absl::Status ReadDropped(const OpenedFile& file, uint64_t offset,
                           absl::Span<char> out);

 protected:
  // What the file holds as a string, or what was dropped, comes to be where a guest
  // can map it.
  absl::Status MoveToStore(OpenedFile& file);
  // It stays in memory from now on.
  void Pin(OpenedFile& file);

  // Whether the recording has it by now.
  virtual bool IsRecorded(ContentId content) = 0;
  // As TraceReader's, of one that it has.
  virtual absl::StatusOr<size_t> ReadRecorded(ContentId content,
                                              uint64_t offset,
                                              absl::Span<char> out) = 0;

 private:
  struct Held {
    int id;
    uint64_t serial;
  };

  void DropOldest();
  absl::Status CopyDropped(const OpenedFile& file, ContentStore::Slot slot);

  ContentStore& store_;
  const uint64_t most_held_;
  std::deque<Held> held_;  // the oldest first; some are held no more
  uint64_t held_bytes_ = 0;
  uint64_t last_serial_ = 0;
  std::vector<OpenedFile> files_;
  std::vector<int> free_ids_;
};

}  // namespace emu

#endif  // EMU_RECORD_RECORDED_FILES_H_
