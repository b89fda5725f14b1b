// SPDX-License-Identifier: Apache-2.0

#include "emu/oci.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "emu/archive.h"
#include "emu/digest.h"
#include "emu/image.h"
#include "emu/values.h"
#include "nlohmann/json.hpp"

namespace emu {
namespace {

using Json = nlohmann::json;

constexpr int kDeepestIndex = 4;

// What an image is made of: paths in the layout.
struct Parts {
  std::string config;
  std::vector<std::string> layers;
};

absl::StatusOr<Json> ReadJson(HostTree& layout, const std::string& path) {
  absl::StatusOr<std::string> text = ReadSmallFile(layout, path);
  if (!text.ok()) return text.status();
  Json json = Json::parse(*text, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) {
    return absl::InvalidArgumentError(absl::StrCat(path, " is not JSON"));
  }
  return json;
}

// The member `name` of an object; null where there is none.
Json Member(const Json& json, const char* name) {
  return json.is_object() ? json.value(name, Json()) : Json();
}

std::string Text(const Json& json) {
  return json.is_string() ? json.get<std::string>() : "";
}

// "sha256:abc".
struct Digest {
  std::string algorithm;
  std::string value;
};

absl::StatusOr<Digest> ParseDigest(const std::string& digest) {
  const std::vector<std::string> parts = absl::StrSplit(digest, ':');
  const auto plain = [](const std::string& s) {
    return !s.empty() && s.find_first_not_of("0123456789abcdefghijklmnopqrstuvwx"
                                             "yz") == std::string::npos;
  };
  if (parts.size() != 2 || !plain(parts[0]) || !plain(parts[1])) {
    return absl::InvalidArgumentError(
        absl::StrCat("digest ", Quoted(digest), " is malformed"));
  }
  return Digest{parts[0], parts[1]};
}

// Where the blob of a descriptor is, blobs/sha256/abc, which is what its digest
// says.
absl::StatusOr<std::string> CheckedBlob(HostTree& layout,
                                        const Json& descriptor) {
  absl::StatusOr<Digest> digest =
      ParseDigest(Text(Member(descriptor, "digest")));
  if (!digest.ok()) return digest.status();
  const std::string path =
      absl::StrCat("blobs/", digest->algorithm, "/", digest->value);
  absl::Status status =
      CheckDigest(layout, path, digest->algorithm, digest->value);
  if (!status.ok()) return status;
  return path;
}

// The machine's own image of an index; the first one if none says what it is
// for. Attestations, which are listed beside images, are for "unknown".
const Json* ChooseManifest(const Json& manifests) {
  const Json* unspecific = nullptr;
  for (const Json& manifest : manifests) {
    const Json platform = Member(manifest, "platform");
    if (Text(Member(platform, "architecture")) == "amd64" &&
        Text(Member(platform, "os")) == "linux") {
      return &manifest;
    }
    if (!platform.is_object() && unspecific == nullptr) unspecific = &manifest;
  }
  return unspecific;
}

absl::StatusOr<Parts> FindParts(HostTree& layout) {
  absl::StatusOr<Json> index = ReadJson(layout, "index.json");
  if (!index.ok()) return index.status();
  Json document = *std::move(index);
  for (int depth = 0; document.contains("manifests"); ++depth) {
    const Json* chosen = ChooseManifest(document["manifests"]);
    if (chosen == nullptr || depth == kDeepestIndex) {
      return absl::NotFoundError("there is no image for linux/amd64 in it");
    }
    absl::StatusOr<std::string> path = CheckedBlob(layout, *chosen);
    if (!path.ok()) return path.status();
    absl::StatusOr<Json> blob = ReadJson(layout, *path);
    if (!blob.ok()) return blob.status();
    document = *std::move(blob);
  }
  Parts parts;
  absl::StatusOr<std::string> config =
      CheckedBlob(layout, Member(document, "config"));
  if (!config.ok()) return config.status();
  parts.config = *config;
  for (const Json& layer : Member(document, "layers")) {
    absl::StatusOr<std::string> path = CheckedBlob(layout, layer);
    if (!path.ok()) return path.status();
    parts.layers.push_back(*path);
  }
  return parts;
}

// The configuration is named by its digest, and has those of the layers before
// they are compressed, which most are not. Older ones have neither.
absl::Status CheckDockerParts(HostTree& layout, const Parts& parts) {
  const absl::string_view name = absl::StripSuffix(parts.config, ".json");
  constexpr size_t kSha256 = 64;
  if (name.size() == kSha256 && name.size() < parts.config.size()) {
    absl::Status status = CheckDigest(layout, parts.config, "sha256", name);
    if (!status.ok()) return status;
  }
  absl::StatusOr<Json> config = ReadJson(layout, parts.config);
  if (!config.ok()) return config.status();
  const Json digests = Member(Member(*config, "rootfs"), "diff_ids");
  if (!digests.is_array()) return absl::OkStatus();
  if (digests.size() != parts.layers.size()) {
    return absl::InvalidArgumentError(absl::StrCat(
        parts.config, " and manifest.json disagree on how many layers it has"));
  }
  for (size_t i = 0; i < parts.layers.size(); ++i) {
    if (!absl::EndsWith(parts.layers[i], ".tar")) continue;
    absl::StatusOr<Digest> digest = ParseDigest(Text(digests[i]));
    if (!digest.ok()) return digest.status();
    absl::Status status = CheckDigest(layout, parts.layers[i],
                                      digest->algorithm, digest->value);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

// What `docker save` wrote before version 25.
absl::StatusOr<Parts> FindDockerParts(HostTree& layout) {
  absl::StatusOr<Json> manifest = ReadJson(layout, "manifest.json");
  if (!manifest.ok()) return manifest.status();
  if (!manifest->is_array() || manifest->empty()) {
    return absl::InvalidArgumentError("manifest.json lists no image");
  }
  Parts parts;
  parts.config = Text(Member((*manifest)[0], "Config"));
  for (const Json& layer : Member((*manifest)[0], "Layers")) {
    parts.layers.push_back(Text(layer));
  }
  absl::Status status = CheckDockerParts(layout, parts);
  if (!status.ok()) return status;
  return parts;
}

bool Exists(HostTree& tree, const char* path) { return tree.Stat(path).ok(); }

}  // namespace

bool IsOciLayout(HostTree& tree) {
  return Exists(tree, "oci-layout") ||
         (Exists(tree, "manifest.json") && !Exists(tree, "bin"));
}

absl::StatusOr<OciConfig> UnpackOci(HostTree& layout, const std::string& name,
                                    MemoryTree& tree) {
  const auto error = [&name](const absl::Status& status) {
    return absl::Status(status.code(),
                        absl::StrCat(name, ": ", status.message()));
  };
  absl::StatusOr<Parts> parts = Exists(layout, "oci-layout")
                                    ? FindParts(layout)
                                    : FindDockerParts(layout);
  if (!parts.ok()) return error(parts.status());
  absl::StatusOr<Json> config = ReadJson(layout, parts->config);
  if (!config.ok()) return error(config.status());
  for (const std::string& layer : parts->layers) {
    absl::Status status =
        UnpackArchive(layout, layer, absl::StrCat(name, ":", layer),
                      ArchiveKind::kLayer, tree);
    if (!status.ok()) return status;
    tree.BeginLayer();
  }
  const Json settings = Member(*config, "config");
  OciConfig result;
  for (const Json& variable : Member(settings, "Env")) {
    if (absl::StrContains(Text(variable), '=')) {
      result.env.push_back(Text(variable));
    }
  }
  result.workdir = Text(Member(settings, "WorkingDir"));
  return result;
}

}  // namespace emu
