#include "policy/config/text_rules.h"

#include <algorithm>
#include <iterator>

#include <simdjson.h>

#include "core/ascii.h"
#include "core/parse_number.h"
#include "core/socket_address.h"
#include "policy/config/date_text.h"
#include "policy/config/path_pattern.h"
#include "policy/config/permission_text.h"
#include "policy/config/provider_url.h"

namespace headrace::policy::config {
namespace {

using Complaint = std::optional<std::string>;

bool is_visible(char c) {
  return c > ' ' && c <= '~';
}

bool consists_of(std::string_view text, std::string_view others) {
  return std::ranges::all_of(
      text, [&](char c) { return core::is_letter_or_digit(c) || others.contains(c); });
}

bool has_control(std::string_view text) {
  return std::ranges::any_of(text, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
  });
}

// U+0080 to U+009F, the controls beyond ASCII, in valid UTF-8.
bool has_high_control(std::string_view text) {
  for (std::size_t i = 0; i + 1 < text.size(); ++i) {
    const auto next = static_cast<unsigned char>(text[i + 1]);
    if (text[i] == '\xc2' && next >= 0x80 && next < 0xa0) return true;
  }
  return false;
}

Complaint judge_model(std::string_view text, bool may_be_pattern) {
  if (may_be_pattern && text.ends_with('*')) text.remove_suffix(1);
  if (text.contains('*')) {
    return may_be_pattern ? "has a star that is not at its end" : "has a star";
  }
  if (text.empty()) return may_be_pattern ? Complaint() : "is empty";
  if (!consists_of(text, "-._:/@+")) {
    return "has characters other than letters, digits and - . _ : / @ +";
  }
  return std::nullopt;
}

Complaint judge_query(std::string_view text, std::string_view others) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') continue;
    if (i + 2 >= text.size() || !core::parse_hex(text.substr(i + 1, 2))) {
      return "has a percent sign without two hexadecimal digits";
    }
  }
  if (!consists_of(text, others)) return "has characters that must be percent-encoded";
  return std::nullopt;
}

Complaint unless(bool good, const char* complaint) {
  return good ? Complaint() : Complaint(complaint);
}

// RFC 6454 section 6.2: scheme, host in small letters, and port unless it is the scheme's.
bool is_origin(std::string_view text) {
  if (text == "*") return true;
  const std::size_t scheme = text.starts_with("https://") ? 8 : text.starts_with("http://") ? 7 : 0;
  const std::string_view host = text.substr(scheme);
  return scheme != 0 && !host.empty() && consists_of(host, "-.:[]") &&
         std::ranges::none_of(host, [](char c) { return c >= 'A' && c <= 'Z'; });
}

bool is_certificate_name(std::string_view text) {
  for (const std::string_view kind : {"uri:", "dns:", "email:", "cn:"}) {
    if (text.starts_with(kind)) return text.size() > kind.size();
  }
  return false;
}

}  // namespace

std::optional<std::string> judge_text(TextRule rule, std::string_view text) {
  if (has_control(text)) return "has a line break or another control character";
  if (!simdjson::validate_utf8(text.data(), text.size())) return "is not valid UTF-8";
  if (text.empty() && rule != TextRule::query_value && rule != TextRule::header_value) {
    return "is empty";
  }
  switch (rule) {
    case TextRule::any:
    case TextRule::url:      // provider_url.h
    case TextRule::address:  // core::SocketAddress
    case TextRule::network:  // core::Cidr
    case TextRule::digest:
      return std::nullopt;
    case TextRule::label:
      return unless(!has_high_control(text), "has a control character");
    case TextRule::identifier:
      return unless(consists_of(text, "-._/"),
                    "has characters other than letters, digits and - . _ /");
    case TextRule::file:
      return std::nullopt;
    case TextRule::socket_file:
      return unless(text.starts_with('/'), "is not an absolute path");
    case TextRule::host:
      return unless(is_host_name(text) || core::SocketAddress::from_ip(text, 0),
                    "is not a host name");
    case TextRule::header_name:
      return unless(consists_of(text, "!#$%&'*+-.^_`|~"), "has a character that no field name has");
    case TextRule::header_value:
      return unless(std::ranges::all_of(text, [](char c) { return c == ' ' || is_visible(c); }) &&
                        !text.starts_with(' ') && !text.ends_with(' '),
                    "has a character that no field value has, or a space at its ends");
    case TextRule::query_name:
      return judge_query(text, "-._~%");
    case TextRule::query_value:
      return judge_query(text, "-._~%!$'()*,;:@/?");
    case TextRule::credential:
      return unless(std::ranges::all_of(text, is_visible),
                    "has a space or another character that no credential has");
    case TextRule::origin:
      return unless(is_origin(text), "is no origin as browsers write them");
    case TextRule::certificate_name:
      return unless(is_certificate_name(text),
                    "does not begin with `uri:`, `dns:`, `email:` or `cn:` and go on");
    case TextRule::model:
      return judge_model(text, false);
    case TextRule::model_pattern:
      return judge_model(text, true);
    case TextRule::path_pattern:
      if (auto complaint = judge_path_pattern(text)) return "is no path pattern: " + *complaint;
      return std::nullopt;
    case TextRule::health_path:
      return unless(
          text.starts_with('/') && std::ranges::all_of(text, is_visible) && !text.contains('#'),
          "is no path with a slash at its beginning");
    case TextRule::method: {
      static constexpr std::string_view kMethods[] = {"GET",   "HEAD",   "POST",   "PUT",
                                                      "PATCH", "DELETE", "OPTIONS"};
      return unless(std::ranges::find(kMethods, text) != std::end(kMethods),
                    "is none of GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
    }
    case TextRule::scope:
      if (parse_group(text)) return std::nullopt;
      [[fallthrough]];
    case TextRule::permission: {
      const auto permission = parse_permission(text);
      return permission ? Complaint() : Complaint(permission.error());
    }
    case TextRule::date:
      return unless(parse_date(text).has_value(), "is no date");
    case TextRule::stage:
      return unless(parse_skipped_stage(text).has_value(), "is none of admit, cache, reserve");
    case TextRule::protocol:
      return unless(text == "http/1.1", "is no protocol that this version speaks: `http/1.1`");
  }
  return std::nullopt;
}

bool is_managed_header(std::string_view name) {
  static constexpr std::string_view kManaged[] = {"host",
                                                  "content-length",
                                                  "transfer-encoding",
                                                  "connection",
                                                  "keep-alive",
                                                  "te",
                                                  "trailer",
                                                  "upgrade",
                                                  "expect",
                                                  "proxy-connection",
                                                  "via",
                                                  "date",
                                                  "content-encoding",
                                                  "forwarded",
                                                  "x-forwarded-for",
                                                  "accept-encoding",
                                                  "x-forwarded-proto",
                                                  "x-forwarded-host",
                                                  "x-request-id"};
  return std::ranges::any_of(
      kManaged, [&](std::string_view one) { return core::equals_ignoring_case(one, name); });
}

bool is_credential_header(std::string_view name) {
  static constexpr std::string_view kCredentials[] = {
      "authorization", "proxy-authorization", "x-api-key", "api-key", "x-goog-api-key", "cookie"};
  return std::ranges::any_of(
      kCredentials, [&](std::string_view one) { return core::equals_ignoring_case(one, name); });
}

std::string lower_case(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), core::to_lower);
  return result;
}

}  // namespace headrace::policy::config
