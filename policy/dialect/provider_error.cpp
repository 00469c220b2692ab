#include "policy/dialect/provider_error.h"

#include <algorithm>
#include <string_view>

#include "policy/dialect/provider_hints.h"
#include "policy/dialect/time_text.h"

namespace headrace::policy {
namespace {

enum Field : JsonField { root = kJsonRoot, error, kind, details, detail, retry_delay, reason };

constexpr JsonRule kRules[] = {
    // Gemini sometimes wraps the object in an array.
    {root, "", root, JsonContainer::pass},
    {root, "error", error, JsonContainer::pass},
    {error, "type", kind},
    {error, "code", kind},
    {error, "status", kind},
    {error, "details", details, JsonContainer::pass},
    {details, "", detail, JsonContainer::pass},
    {detail, "retryDelay", retry_delay},
    {detail, "reason", reason},
};
constexpr JsonFields kFields(kRules, JsonContainer::pass);

}  // namespace

void ProviderErrorReader::start() {
  walker_.start(kFields, {});
  retry_after_ms_.reset();
  account_spent_ = overloaded_ = key_refused_ = false;
}

void ProviderErrorReader::feed(std::span<const std::byte> slice) {
  static_cast<void>(
      walker_.walk({reinterpret_cast<const char*>(slice.data()), slice.size()}, *this));
}

bool ProviderErrorReader::on_json(const JsonStep& step) {
  if (step.type != JsonType::string || step.truncated) return true;
  if (step.field == kind) {
    account_spent_ |= step.text == "insufficient_quota" || step.text == "billing_error";
    overloaded_ |= step.text == "overloaded_error" || step.text == "UNAVAILABLE";
  } else if (step.field == reason) {
    key_refused_ |= step.text == "API_KEY_INVALID";
  } else if (step.field == retry_delay) {
    if (const auto delay = parse_unit_duration(step.text)) {
      retry_after_ms_ = static_cast<std::uint32_t>(std::min(*delay, kHintAheadMsMax));
    }
  }
  return true;
}

}  // namespace headrace::policy
