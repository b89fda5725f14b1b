// SPDX-License-Identifier: Apache-2.0
//
// What a run draws from its seed: guests' randomness, and the order in which
// threads run. The same in a replay.

#ifndef ARCH_HOST_SEEDED_CHOICES_H_
#define ARCH_HOST_SEEDED_CHOICES_H_

#include <cstddef>
#include <cstdint>

#include "absl/types/span.h"
#include "arch/host/random_stream.h"

namespace emu {

class SeededChoices {
 public:
  // Without `random_schedule` the oldest thread runs first.
  SeededChoices(const RandomStream::Key& key, bool random_schedule)
      : key_(key),
        random_schedule_(random_schedule),
        guest_(key, kGuestStream),
        schedule_(key, kScheduleStream) {}

  // As Env's.
  void FillRandom(absl::Span<char> out) { guest_.Fill(out); }
  size_t PickNext(size_t runnable) {
    return random_schedule_ && runnable > 1 ? schedule_.Below(runnable) : 0;
  }

  const RandomStream::Key& key() const { return key_; }
  bool random_schedule() const { return random_schedule_; }

 private:
  // Streams of one key: their numbers are part of what a seed means.
  static constexpr uint32_t kGuestStream = 0;
  static constexpr uint32_t kScheduleStream = 1;

  const RandomStream::Key key_;
  const bool random_schedule_;
  RandomStream guest_;
  RandomStream schedule_;
};

}  // namespace emu

#endif  // ARCH_HOST_SEEDED_CHOICES_H_
