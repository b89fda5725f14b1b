// SPDX-License-Identifier: Apache-2.0

#include "kernel/data_digest.h"

#include "arch/base/digest.h"
#include "kernel/trace.h"

namespace emu {

void DataDigest::AddWanted(GuestAddr at, const void* bytes, size_t n,
                           size_t meant) {
  digest_ = Digest(bytes, n, digest_);
  sink_->OnData(at, {static_cast<const char*>(bytes), meant});
}

}  // namespace emu
