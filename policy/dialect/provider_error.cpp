#include "policy/dialect/provider_error.h"

#include <algorithm>
#include <iterator>
#include <string_view>

#include "policy/dialect/provider_hints.h"
#include "policy/dialect/time_text.h"

namespace headrace::policy {
namespace {

enum Field : JsonField {
  root = kJsonRoot,
  error,
  kind,
  details,
  detail,
  retry_delay,
  detail_type,
  reason,
  domain
};

constexpr JsonRule kRules[] = {
    // Gemini sometimes wraps the object in an array.
    {root, "", root, JsonContainer::pass},
    {root, "error", error, JsonContainer::pass},
    {error, "type", kind},
    {error, "code", kind},
    {error, "status", kind},
    {error, "details", details, JsonContainer::pass},
    {details, "", detail, JsonContainer::stop},
    {detail, "retryDelay", retry_delay},
    {detail, "@type", detail_type},
    {detail, "reason", reason},
    {detail, "domain", domain},
};
constexpr JsonFields kFields(kRules, JsonContainer::pass);

constexpr std::string_view kErrorInfo = "type.googleapis.com/google.rpc.ErrorInfo";
constexpr std::string_view kErrorDomain = "googleapis.com";
// Those of google/api/error_reason.proto that speak of the credential, or of the project that it
// stands for. None that may speak of what was asked for: IAM_PERMISSION_DENIED and its like.
constexpr std::string_view kKeyReasons[] = {"ACCESS_TOKEN_EXPIRED",
                                            "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
                                            "ACCESS_TOKEN_TYPE_UNSUPPORTED",
                                            "ACCOUNT_STATE_INVALID",
                                            "API_KEY_ANDROID_APP_BLOCKED",
                                            "API_KEY_HTTP_REFERRER_BLOCKED",
                                            "API_KEY_INVALID",
                                            "API_KEY_IOS_APP_BLOCKED",
                                            "API_KEY_IP_ADDRESS_BLOCKED",
                                            "API_KEY_SERVICE_BLOCKED",
                                            "BILLING_DISABLED",
                                            "CONSUMER_INVALID",
                                            "CONSUMER_SUSPENDED",
                                            "CREDENTIALS_MISSING",
                                            "SERVICE_DISABLED"};

}  // namespace

void ProviderErrorReader::start() {
  walker_.start(kFields, {});
  retry_after_ms_.reset();
  account_spent_ = overloaded_ = key_refused_ = false;
  detail_ = {};
}

void ProviderErrorReader::feed(std::span<const std::byte> slice) {
  static_cast<void>(
      walker_.walk({reinterpret_cast<const char*>(slice.data()), slice.size()}, *this));
}

void ProviderErrorReader::read_detail(const JsonStep& step) {
  if (step.kind == JsonStep::Kind::close) {
    key_refused_ |= detail_.error_info && detail_.of_our_key && !detail_.other_domain;
  }
  detail_ = {};
}

bool ProviderErrorReader::on_json(const JsonStep& step) {
  if (step.field == detail) {
    read_detail(step);
    return true;
  }
  if (step.type != JsonType::string || step.truncated) return true;
  if (step.field == kind) {
    account_spent_ |= step.text == "insufficient_quota" || step.text == "billing_error";
    overloaded_ |= step.text == "overloaded_error" || step.text == "UNAVAILABLE";
  } else if (step.field == detail_type) {
    detail_.error_info = step.text == kErrorInfo;
  } else if (step.field == reason) {
    detail_.of_our_key = std::ranges::find(kKeyReasons, step.text) != std::end(kKeyReasons);
  } else if (step.field == domain) {
    detail_.other_domain = step.text != kErrorDomain;
  } else if (step.field == retry_delay) {
    if (const auto delay = parse_unit_duration(step.text)) {
      retry_after_ms_ = static_cast<std::uint32_t>(std::min(*delay, kHintAheadMsMax));
    }
  }
  return true;
}

}  // namespace headrace::policy
