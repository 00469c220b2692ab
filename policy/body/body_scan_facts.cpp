// How the scan takes what stands behind a field as a fact, or refuses it; see body_scan.h.
#include <algorithm>
#include <array>

#include "policy/body/body_scan.h"
#include "policy/body/step_range.h"
#include "policy/json/json_string.h"

namespace headrace::policy {
namespace {

// What every reader of JSON holds exactly, JavaScript's included.
constexpr std::int64_t kCountMax = std::int64_t{1} << 53;

bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
}

}  // namespace

bool BodyScan::take(const JsonStep& step, StringFact& fact) {
  fact.value = range_of(step);
  if (step.type == JsonType::null) return true;
  if (step.type != JsonType::string) {
    return refuse(step, BodyErrorKind::wrong_type, MessageId::field_not_a_string);
  }
  fact.given = true;
  fact.escaped = step.escaped;
  return true;
}

bool BodyScan::take(const JsonStep& step, BoolFact& fact) {
  fact.value = range_of(step);
  if (step.type == JsonType::null) return true;
  if (step.type != JsonType::boolean_true && step.type != JsonType::boolean_false) {
    return refuse(step, BodyErrorKind::wrong_type, MessageId::field_not_a_flag);
  }
  fact.given = true;
  fact.is_true = step.type == JsonType::boolean_true;
  return true;
}

bool BodyScan::take(const JsonStep& step, CountFact& fact) {
  fact.value = range_of(step);
  if (step.type == JsonType::null) return true;
  if (step.type != JsonType::number) {
    return refuse(step, BodyErrorKind::wrong_type, MessageId::field_not_a_number);
  }
  if (!step.integer || step.number < 0 || step.number > kCountMax) {
    return refuse(step, BodyErrorKind::out_of_range, MessageId::field_number_range);
  }
  fact.given = true;
  fact.count = step.number;
  return true;
}

bool BodyScan::take(const JsonStep& step, ObjectFact& fact) {
  if (step.kind == JsonStep::Kind::close) {
    fact.value.length = static_cast<std::uint32_t>(step.end) - fact.value.offset;
    fact.empty = step.empty;
    return true;
  }
  fact.value = range_of(step);
  if (step.type == JsonType::null) return true;
  if (step.type != JsonType::object) {
    return refuse(step, BodyErrorKind::wrong_type, MessageId::field_not_an_object);
  }
  fact.given = true;
  fact.members_at = static_cast<std::uint32_t>(step.end);
  return true;
}

bool BodyScan::take_model(const JsonStep& step) {
  StringFact fact;
  if (!take(step, fact)) return false;
  if (fact.given) {
    std::array<char, kModelBytesMax> scratch;
    const std::string_view raw = fact.raw(body_);
    const JsonDecoded decoded = fact.escaped ? decode_json_string(raw, scratch)
                                             : JsonDecoded{raw, raw.size() <= kModelBytesMax};
    if (!decoded.whole) return refuse(step, BodyErrorKind::out_of_range, MessageId::field_too_long);
    if (std::ranges::any_of(decoded.text, is_control)) {
      return refuse(step, BodyErrorKind::out_of_range, MessageId::field_control_character);
    }
  }
  facts_.model = fact;
  return true;
}

bool BodyScan::take_batch_model(const JsonStep& step) {
  const StringFact first = facts_.model;
  if (!take_model(step)) return false;
  if (!first.given) return true;
  std::array<char, kModelBytesMax> one;
  std::array<char, kModelBytesMax> other;
  const BodyFacts& here = facts_;
  BodyFacts before;
  before.model = first;
  if (!here.model.given || model_name(before, body_, one) != model_name(here, body_, other)) {
    return refuse(step, BodyErrorKind::duplicate_key, MessageId::batch_of_two_models);
  }
  facts_.model = first;
  facts_.more_models = true;
  return true;
}

}  // namespace headrace::policy
