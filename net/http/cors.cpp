#include "net/http/cors.h"

#include <algorithm>
#include <array>

#include "net/http/text.h"

namespace headrace::net::http {
namespace {

constexpr std::string_view kPrefix = "access-control-";
// Of the official SDKs, and our own.
constexpr std::array<std::string_view, 20> kSdkFields = {
    "accept",
    "accept-language",
    "anthropic-beta",
    "anthropic-dangerous-direct-browser-access",
    "anthropic-version",
    "api-key",
    "authorization",
    "cache-control",
    "content-type",
    "idempotency-key",
    "openai-beta",
    "openai-organization",
    "openai-project",
    "traceparent",
    "user-agent",  // which Firefox and Safari let pages set, and the SDKs do
    "x-api-key",
    "x-goog-api-client",
    "x-goog-api-key",
    "x-request-id",
    "x-server-timeout",
};
constexpr std::string_view kStainless =
    "x-stainless-";  // how OpenAI's and Anthropic's describe themselves
constexpr std::string_view kOwn = "x-headrace-";
constexpr std::size_t kFieldsMax = 64;

bool begins(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() &&
         equals_ignoring_case(text.substr(0, prefix.size()), prefix);
}

bool allows_field(const CorsRules& rules, std::string_view name) {
  if (begins(name, kStainless) || begins(name, kOwn)) return true;
  const auto is_it = [name](std::string_view allowed) {
    return equals_ignoring_case(name, allowed);
  };
  return std::ranges::any_of(kSdkFields, is_it) || std::ranges::any_of(rules.fields, is_it);
}

std::string_view value_of(const RequestHead& head, std::string_view name) {
  const Field* field = head.fields.find(name);
  return field == nullptr ? std::string_view() : field->value;
}

// Those of the fields asked for that are allowed, one line.
void write_allowed_fields(const CorsRules& rules, std::string_view asked, HeadWriter& writer) {
  std::array<char, 2048> room;
  std::size_t size = 0;
  for (std::size_t count = 0; count < kFieldsMax && !asked.empty(); ++count) {
    std::string_view name = asked.substr(0, asked.find(','));
    asked.remove_prefix(std::min(asked.size(), name.size() + 1));
    while (name.starts_with(' ') || name.starts_with('\t'))
      name.remove_prefix(1);
    while (name.ends_with(' ') || name.ends_with('\t'))
      name.remove_suffix(1);
    if (!is_token(name) || !allows_field(rules, name)) continue;
    if (name.size() + 2 > room.size() - size) break;
    if (size > 0) {
      room[size++] = ',';
      room[size++] = ' ';
    }
    size = static_cast<std::size_t>(
        std::ranges::copy(name, room.begin() + static_cast<std::ptrdiff_t>(size)).out -
        room.begin());
  }
  if (size > 0) writer.field("Access-Control-Allow-Headers", std::string_view(room.data(), size));
}

}  // namespace

std::string_view allowed_origin(const CorsRules& rules, std::string_view origin) {
  if (origin.empty()) return {};
  for (const std::string_view allowed : rules.origins) {
    if (allowed == "*" || allowed == origin) return allowed;
  }
  return {};
}

bool is_preflight(const RequestHead& head) {
  return head.method == Method::options && head.fields.find("origin") != nullptr &&
         head.fields.find("access-control-request-method") != nullptr;
}

void write_preflight(const CorsRules& rules, const RequestHead& head, HeadWriter& writer) {
  writer.lines("Access-Control-Allow-Methods: GET, HEAD, POST, PUT, PATCH, DELETE\r\n");
  write_allowed_fields(rules, value_of(head, "access-control-request-headers"), writer);
  writer.field("Access-Control-Max-Age", rules.max_age_s);
}

void write_allowed_origin(std::string_view origin, HeadWriter& writer) {
  writer.field("Access-Control-Allow-Origin", origin);
  writer.lines(
      "Access-Control-Expose-Headers: *\r\n"
      "Vary: Origin\r\n");
}

bool is_cors_field(std::string_view name) {
  return begins(name, kPrefix);
}

}  // namespace headrace::net::http
