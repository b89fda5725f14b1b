// SPDX-License-Identifier: Apache-2.0
//
// Digests of files, as OCI layouts name their blobs by them.

#ifndef EMU_DIGEST_H_
#define EMU_DIGEST_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "arch/host_tree.h"

namespace emu {

// In hexadecimal.
std::string Sha256(absl::string_view bytes);

// Whether the content of `path` has the digest that is `wanted`.
absl::Status CheckDigest(HostTree& tree, const std::string& path,
                         absl::string_view algorithm,
                         absl::string_view wanted);

}  // namespace emu

#endif  // EMU_DIGEST_H_
