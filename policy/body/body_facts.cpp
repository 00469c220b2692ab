#include "policy/body/body_facts.h"

#include <algorithm>

#include "policy/json/json_string.h"

namespace headrace::policy {

std::int64_t BodyFacts::answers_billed() const {
  // Neither is above 2^53, and no body has 2^32 prompts; beyond this nothing could be paid for.
  constexpr std::int64_t kAnswersMax = std::int64_t{1} << 31;
  const auto of_one = std::max<std::int64_t>({choices.count, best_of.count, 1});
  return std::min(of_one, kAnswersMax) * std::max<std::int64_t>(prompts, 1);
}

std::optional<std::int64_t> BodyFacts::output_cap_given() const {
  if (output_cap.given) return output_cap.count;
  if (output_cap_legacy.given) return output_cap_legacy.count;
  return std::nullopt;
}

std::string_view model_name(const BodyFacts& facts, std::span<const std::byte> body,
                            std::span<char, kModelBytesMax> scratch) {
  const std::string_view raw = facts.model.raw(body);
  return facts.model.escaped ? decode_json_string(raw, scratch).text : raw;
}

}  // namespace headrace::policy
