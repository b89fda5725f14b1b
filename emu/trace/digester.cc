// SPDX-License-Identifier: Apache-2.0

#include "emu/trace/digester.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>

namespace emu {

struct TraceDigester::State {
  XXH3_state_t state;
};

TraceDigester::TraceDigester() : state_(std::make_unique<State>()) {
  XXH3_128bits_reset(&state_->state);
}

TraceDigester::~TraceDigester() = default;
TraceDigester::TraceDigester(TraceDigester&&) noexcept = default;

void TraceDigester::Add(absl::string_view bytes) {
  XXH3_128bits_update(&state_->state, bytes.data(), bytes.size());
}

void TraceDigester::Add(const TraceEvent& event) {
  uint64_t words[12] = {static_cast<uint64_t>(event.kind),
                        static_cast<uint64_t>(int64_t{event.tid}),
                        static_cast<uint64_t>(event.time), event.number};
  std::copy(event.args.begin(), event.args.end(), words + 4);
  words[10] = static_cast<uint64_t>(event.result);
  words[11] = event.digest;
  XXH3_128bits_update(&state_->state, words, sizeof(words));
}

TraceDigest TraceDigester::Get() const {
  const XXH128_hash_t hash = XXH3_128bits_digest(&state_->state);
  return {hash.high64, hash.low64};
}

TraceDigest DigestOf(absl::string_view bytes) {
  const XXH128_hash_t hash = XXH3_128bits(bytes.data(), bytes.size());
  return {hash.high64, hash.low64};
}

}  // namespace emu
