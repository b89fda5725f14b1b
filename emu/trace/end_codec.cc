// SPDX-License-Identifier: Apache-2.0

#include "emu/trace/end_codec.h"

#include <optional>

#include "absl/strings/escaping.h"
#include "emu/trace/wire.h"
#include "nlohmann/json.hpp"

namespace emu {
namespace {

using Json = nlohmann::json;

constexpr int kDeepest = 32;

// Discarded if it is not JSON or too deep.
Json Parse(absl::string_view text) {
  bool deep = false;
  Json json = Json::parse(
      text.begin(), text.end(),
      [&deep](int depth, Json::parse_event_t, Json&) {
        deep |= depth > kDeepest;
        return !deep;
      },
      /*allow_exceptions=*/false);
  return deep ? Json(Json::value_t::discarded) : json;
}

std::optional<uint64_t> Unsigned(const Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_number_unsigned())
    return std::nullopt;
  return found->get<uint64_t>();
}

std::optional<std::string> String(const Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_string()) return std::nullopt;
  return found->get<std::string>();
}

}  // namespace

std::string EncodeEnd(const TraceEnd& end, const TraceTotals& totals,
                      const TraceDigest& digest) {
  const Json json = {
      {"status", static_cast<uint64_t>(end.status)},
      {"message", end.message},
      {"events", totals.events},
      {"calls", totals.calls},
      {"inputs", totals.inputs},
      {"time", static_cast<uint64_t>(totals.time)},
      {"digest", digest.ToString()},
  };
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

bool DecodeEnd(absl::string_view text, TraceEnd* end, TraceTotals* totals,
               TraceDigest* digest) {
  const Json json = Parse(text);
  if (!json.is_object()) return false;
  const auto status = Unsigned(json, "status");
  const auto message = String(json, "message");
  const auto events = Unsigned(json, "events");
  const auto calls = Unsigned(json, "calls");
  const auto inputs = Unsigned(json, "inputs");
  const auto time = Unsigned(json, "time");
  const auto digits = String(json, "digest");
  if (!status || *status > 255 || !message || !events || !calls || !inputs ||
      !time || *time > INT64_MAX || !digits || digits->size() != 32 ||
      digits->find_first_not_of("0123456789abcdef") != std::string::npos ||
      *events != totals->events || *inputs != totals->inputs) {
    return false;
  }
  end->status = static_cast<int>(*status);
  end->message = *message;
  totals->calls = *calls;
  totals->time = static_cast<int64_t>(*time);
  const std::string bytes = absl::HexStringToBytes(*digits);
  digest->high = __builtin_bswap64(LoadFixed<uint64_t>(&bytes[0]));
  digest->low = __builtin_bswap64(LoadFixed<uint64_t>(&bytes[8]));
  return true;
}

bool IsJsonObject(absl::string_view text) { return Parse(text).is_object(); }

}  // namespace emu
