// SPDX-License-Identifier: Apache-2.0
//
// How a failed host call becomes an absl::Status: the message is the call with
// its arguments, then strerror's text; the errno itself travels along, because
// absl::StatusCode folds many of them together and some are normal events
// (ESRCH: the tracee was killed).

#ifndef ARCH_BASE_HOST_STATUS_H_
#define ARCH_BASE_HOST_STATUS_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace emu {

// The status of a host call that failed with `error`, e.g.
// "ftruncate(3, 4096): File too large" for ("ftruncate(3, 4096)", EFBIG).
// Build `call` on the failing path only. Requires: error > 0.
absl::Status HostError(int error, absl::string_view call);

// The errno that `status` was made from; 0 for an OK status and for one that
// no HostError made.
int ErrnoOf(const absl::Status& status);

}  // namespace emu

#endif  // ARCH_BASE_HOST_STATUS_H_
