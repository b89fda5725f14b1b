// SPDX-License-Identifier: Apache-2.0

#include "emu/digest.h"

#include <nettle/nettle-meta.h>
#include <string.h>

#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "emu/values.h"

namespace emu {
namespace {

constexpr size_t kChunk = 256 * 1024;

// A digest in the making.
class Digest {
 public:
  explicit Digest(const nettle_hash& hash)
      : hash_(hash), context_(hash.context_size) {
    hash_.init(context_.data());
  }
  void Update(absl::string_view bytes) {
    hash_.update(context_.data(), bytes.size(),
                 reinterpret_cast<const uint8_t*>(bytes.data()));
  }
  std::string Finish() {
    std::string digest(hash_.digest_size, '\0');
    hash_.digest(context_.data(), digest.size(),
                 reinterpret_cast<uint8_t*>(&digest[0]));
    return absl::BytesToHexString(digest);
  }

 private:
  const nettle_hash& hash_;
  std::vector<char> context_;
};

absl::StatusOr<std::string> DigestOf(HostTree& tree, const std::string& path,
                                     const nettle_hash& hash) {
  const auto error = [&path](Errno error) {
    return absl::NotFoundError(
        absl::StrCat(path, ": ", strerrordesc_np(error.value())));
  };
  const Result<HostFileId> file = tree.Open(path, false);
  if (!file.ok()) return error(file.error());
  Digest digest(hash);
  std::vector<char> chunk(kChunk);
  Result<size_t> n(size_t{0});
  for (uint64_t offset = 0;; offset += *n) {
    n = tree.ReadAt(*file, absl::MakeSpan(chunk), offset);
    if (!n.ok() || *n == 0) break;
    digest.Update({chunk.data(), *n});
  }
  tree.Close(*file);
  if (!n.ok()) return error(n.error());
  return digest.Finish();
}

}  // namespace

std::string Sha256(absl::string_view bytes) {
  Digest digest(nettle_sha256);
  digest.Update(bytes);
  return digest.Finish();
}

absl::Status CheckDigest(HostTree& tree, const std::string& path,
                         absl::string_view algorithm,
                         absl::string_view wanted) {
  if (algorithm != "sha256" && algorithm != "sha512") {
    return absl::InvalidArgumentError(
        absl::StrCat("digests by ", Quoted(algorithm), " are not known"));
  }
  absl::StatusOr<std::string> digest = DigestOf(
      tree, path, algorithm == "sha256" ? nettle_sha256 : nettle_sha512);
  if (!digest.ok()) return digest.status();
  if (*digest == wanted) return absl::OkStatus();
  return absl::DataLossError(
      absl::StrCat(path, " is damaged: its content has another digest"));
}

}  // namespace emu
