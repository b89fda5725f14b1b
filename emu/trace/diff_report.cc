// SPDX-License-Identifier: Apache-2.0

#include <optional>
#include <set>

#include "absl/strings/str_cat.h"
#include "emu/trace/compare.h"
#include "emu/trace/rejoin.h"
#include "emu/trace/report.h"
#include "emu/values.h"
#include "nlohmann/json.hpp"

namespace emu {
namespace {

using Json = nlohmann::ordered_json;

std::string Compact(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// The options in which two recordings differ: name, a's and b's value, null
// where there is none.
Json OptionChanges(const TraceReader& a, const TraceReader& b) {
  const Json in_a = Json::parse(a.options(), nullptr, false);
  const Json in_b = Json::parse(b.options(), nullptr, false);
  std::set<std::string> keys;
  for (const auto& [key, value] : in_a.items()) keys.insert(key);
  for (const auto& [key, value] : in_b.items()) keys.insert(key);
  Json changes = Json::array();
  for (const std::string& key : keys) {
    const Json value_a = in_a.value(key, Json());
    const Json value_b = in_b.value(key, Json());
    if (value_a == value_b) continue;
    changes.push_back({{"option", key}, {"a", value_a}, {"b", value_b}});
  }
  return changes;
}

std::string InputText(const std::optional<InputRecord>& input) {
  if (!input) return "no further input";
  return absl::StrCat(InputKindName(input->kind), " before event ",
                      input->position, " after ", input->skipped, ": ",
                      Quoted(input->payload.substr(0, 64)),
                      input->payload.size() > 64 ? "..." : "");
}

// Null where they do not do the same again.
Json RejoinJson(const std::optional<Rejoin>& rejoin) {
  if (!rejoin) return Json();
  return {{"thread", rejoin->tid ? Json(*rejoin->tid) : Json()},
          {"a", rejoin->a},
          {"b", rejoin->b}};
}

}  // namespace

absl::StatusOr<DiffReport> DiffTraces(const TraceReader& a,
                                      const TraceReader& b, size_t context,
                                      bool json) {
  const auto events = CompareTraces(a, b, {.before = context});
  if (!events.ok()) return events.status();
  const auto inputs = CompareInputs(a, b);
  if (!inputs.ok()) return inputs.status();
  std::optional<Rejoin> rejoin;
  if (*events) {
    const auto found = FindRejoin(a, b, (*events)->position);
    if (!found.ok()) return found.status();
    rejoin = *found;
  }
  const Json options = OptionChanges(a, b);
  DiffReport report;
  report.same = !events->has_value();
  if (json) {
    Json all;
    all["same"] = report.same;
    all["options"] = options;
    if (*inputs) {
      all["input"] = {{"index", (*inputs)->index},
                      {"a", InputText((*inputs)->a)},
                      {"b", InputText((*inputs)->b)}};
    }
    if (*events) {
      const TraceDivergence& divergence = **events;
      all["event"] = {{"number", divergence.position},
                      {"fields", divergence.fields},
                      {"before", divergence.before},
                      {"a", divergence.lines_a},
                      {"b", divergence.lines_b}};
      all["again"] = RejoinJson(rejoin);
    }
    report.text =
        all.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
    return report;
  }
  for (const Json& change : options) {
    absl::StrAppend(&report.text, "option ",
                    change["option"].get_ref<const std::string&>(),
                    " differs\n- ", Compact(change["a"]), "\n+ ",
                    Compact(change["b"]), "\n");
  }
  // Inputs behind the divergence are what it led to.
  const auto before = [&](const std::optional<InputRecord>& input) {
    return input && (!*events || input->position <= (*events)->position);
  };
  if (*inputs && (before((*inputs)->a) || before((*inputs)->b))) {
    absl::StrAppend(&report.text, "input ", (*inputs)->index, " differs\n- ",
                    InputText((*inputs)->a), "\n+ ", InputText((*inputs)->b),
                    "\n");
  }
  absl::StrAppend(
      &report.text,
      report.same ? absl::StrCat("the same ", a.totals().events, " events\n")
                  : DivergenceText(**events, a.name(), b.name()) +
                        RejoinText(rejoin, a.name(), b.name()));
  return report;
}

}  // namespace emu
