// SPDX-License-Identifier: Apache-2.0
//
// The files that guests have open in a run that is recorded or replayed, by id.
// Ids are given out in the same order in both, so that questions about files
// compare. Owned by the command; the trees and the machine borrow it.

#ifndef EMU_RECORD_RECORDED_FILES_H_
#define EMU_RECORD_RECORDED_FILES_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
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
  HostNode node = {};                 // likewise
  // In a recording: the file itself, where guests use that.
  HostTree* tree = nullptr;
  HostFileId host = {};
};

// The bytes of `string` from `offset` on, and zeroes behind them.
void ReadString(const std::string& string, uint64_t offset,
                absl::Span<char> out);

class RecordedFiles : public HostFiles {
 public:
  // `store` outlives it.
  explicit RecordedFiles(ContentStore& store) : store_(store) {}

  HostFileId Add(OpenedFile file);
  // Null when it is not open.
  OpenedFile* Find(HostFileId id);
  void Remove(HostFileId id);

  // As HostTree's.
  absl::string_view View(HostFileId id, uint64_t offset);

  ContentStore& store() { return store_; }

  uint64_t Start(HostFileId id) override;

 protected:
  // What the file holds as a string comes to be where a guest can map it.
  absl::Status MoveToStore(OpenedFile& file);

 private:
  ContentStore& store_;
  std::vector<OpenedFile> files_;
  std::vector<int> free_ids_;
};

}  // namespace emu

#endif  // EMU_RECORD_RECORDED_FILES_H_
