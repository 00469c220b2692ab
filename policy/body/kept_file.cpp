#include "policy/body/kept_file.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "core/ascii.h"
#include "policy/json/json_string.h"

namespace headrace::policy {
namespace {

// In whichever of its forms: by region, for tests, with client certificates.
constexpr std::string_view kOwnHost = "generativelanguage";
// A scheme, the longest host that there can be (RFC 1035), and a port.
constexpr std::size_t kBeginBytesMax = 288;

bool take_scheme(std::string_view& uri, std::string_view scheme) {
  if (!core::equals_ignoring_case(uri.substr(0, scheme.size()), scheme)) return false;
  uri.remove_prefix(scheme.size());
  return true;
}

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || core::is_digit(c) || c == '-' || c == '.';
}

}  // namespace

bool names_kept_file(std::string_view token) {
  std::array<char, kBeginBytesMax> begin;
  const JsonDecoded decoded = decode_json_string(token.substr(1, token.size() - 2), begin);
  std::string_view uri = decoded.text;
  std::ranges::transform(uri, begin.begin(), core::to_lower);
  if (!take_scheme(uri, "https://") && !take_scheme(uri, "http://")) return true;
  const std::size_t end = uri.find_first_of("/?#");
  if (end == std::string_view::npos && !decoded.whole) return true;
  const std::string_view authority = uri.substr(0, end);
  std::string_view host = authority.substr(0, authority.find(':'));
  if (host.size() != authority.size() &&
      !std::ranges::all_of(authority.substr(host.size() + 1), core::is_digit)) {
    return true;
  }
  if (host.ends_with('.')) host.remove_suffix(1);
  return host.empty() || !std::ranges::all_of(host, is_plain) || host.contains(kOwnHost);
}

}  // namespace headrace::policy
