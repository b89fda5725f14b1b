// SPDX-License-Identifier: Apache-2.0
//
// OCI image layouts (github.com/opencontainers/image-spec, image-layout.md), as
// skopeo, podman, buildah and docker buildx write them, and what `docker save`
// wrote before it wrote those: an index, a manifest, a configuration, layers.

#ifndef EMU_OCI_H_
#define EMU_OCI_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "arch/host/memory_tree.h"
#include "arch/host_tree.h"

namespace emu {

struct OciConfig {
  std::vector<std::string> env;
  std::string workdir;
};

bool IsOciLayout(HostTree& tree);

// Adds the layers of the image for this machine, lowest first, to `tree`. All
// that is used is checked against the digests that name it.
// `name` is what messages call the layout.
absl::StatusOr<OciConfig> UnpackOci(HostTree& layout, const std::string& name,
                                    MemoryTree& tree);

}  // namespace emu

#endif  // EMU_OCI_H_
