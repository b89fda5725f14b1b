// SPDX-License-Identifier: Apache-2.0

#include "arch/host/random_stream.h"

#include <algorithm>
#include <numeric>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "gtest/gtest.h"

namespace emu {
namespace {

std::string Take(RandomStream& stream, size_t n) {
  std::string bytes(n, '\0');
  stream.Fill(absl::MakeSpan(bytes.data(), n));
  return bytes;
}

// RFC 8439, appendix A.1, test vectors 1 and 2: key, nonce and counter zero.
TEST(RandomStreamTest, IsTheKeyStreamOfChaCha20) {
  RandomStream stream(RandomStream::Key{}, 0);
  EXPECT_EQ(absl::BytesToHexString(Take(stream, 64)),
            "76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770dc7"
            "da41597c5157488d7724e03fb8d84a376a43b8f41518a11cc387b669b2ee6586");
  EXPECT_EQ(absl::BytesToHexString(Take(stream, 64)),
            "9f07e7be5551387a98ba977c732d080dcb0f29a048e3656912c6533e32ee7aed"
            "29b721769ce64e43d57133b074d839d531ed1f28510afb45ace10a1f4b794d6f");
}

// RFC 8439, appendix A.1, test vector 4: the key's second byte is 255.
TEST(RandomStreamTest, DependsOnTheKey) {
  RandomStream::Key key = {};
  key[1] = 0xff;
  RandomStream stream(key, 0);
  Take(stream, 128);
  EXPECT_EQ(absl::BytesToHexString(Take(stream, 16)),
            "72d54dfbf12ec44b362692df94137f32");
}

TEST(RandomStreamTest, DoesNotDependOnTheSizesAskedFor) {
  const RandomStream::Key key = RandomStream::KeyFromSeed(7);
  RandomStream whole(key, 1);
  RandomStream pieces(key, 1);
  std::string joined;
  for (size_t n : {1, 63, 64, 65, 7, 200, 0, 128}) joined += Take(pieces, n);
  EXPECT_EQ(joined, Take(whole, joined.size()));
}

TEST(RandomStreamTest, SeparatesSeedsAndStreams) {
  RandomStream a(RandomStream::KeyFromSeed(1), 0);
  RandomStream b(RandomStream::KeyFromSeed(1), 1);
  RandomStream c(RandomStream::KeyFromSeed(2), 0);
  const std::string from_a = Take(a, 32);
  EXPECT_NE(from_a, Take(b, 32));
  EXPECT_NE(from_a, Take(c, 32));
}

TEST(RandomStreamTest, BelowReachesEveryNumberAndNoOther) {
  RandomStream stream(RandomStream::KeyFromSeed(3), 0);
  std::vector<int> seen(7);
  for (int i = 0; i < 7000; ++i) {
    const uint64_t n = stream.Below(7);
    ASSERT_LT(n, 7u);
    ++seen[n];
  }
  EXPECT_GT(*std::min_element(seen.begin(), seen.end()), 800);
  EXPECT_EQ(stream.Below(1), 0u);
}

}  // namespace
}  // namespace emu
