// SPDX-License-Identifier: Apache-2.0
//
// --export: files of the guest, copied out when it has ended.

#ifndef EMU_EXPORT_H_
#define EMU_EXPORT_H_

#include "absl/status/status.h"
#include "emu/values.h"
#include "kernel/fs/path.h"

namespace emu {

// Whether `option`'s place on the host can be written to; asked before the run,
// so that hours of it are not lost.
absl::Status CheckExport(const ExportOption& option);

// Copies what `root` has at the option's GUEST: a file, or a directory with all
// that is mounted in it. Devices and sockets, which mean nothing outside, are
// left out.
absl::Status Export(const Path& root, const ExportOption& option);

}  // namespace emu

#endif  // EMU_EXPORT_H_
