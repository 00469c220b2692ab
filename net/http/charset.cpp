#include "net/http/charset.h"

#include "net/http/text.h"

namespace headrace::net::http {
namespace {

constexpr std::string_view kName = "charset";

std::string_view unquoted(std::string_view value) {
  const bool quoted = value.size() >= 2 && value.front() == '"' && value.back() == '"';
  return quoted ? value.substr(1, value.size() - 2) : value;
}

bool is_harmless(std::string_view parameter) {
  const std::size_t equals = parameter.find('=');
  const std::string_view name = trim_white_space(parameter.substr(0, equals));
  // With a "*" and the like behind it, too (RFC 2231).
  if (!equals_ignoring_case(name.substr(0, kName.size()), kName)) return true;
  if (name.size() != kName.size() || equals == std::string_view::npos) return false;
  const std::string_view value = unquoted(trim_white_space(parameter.substr(equals + 1)));
  return equals_ignoring_case(value, "utf-8") || equals_ignoring_case(value, "utf8");
}

}  // namespace

bool reads_as_utf8(std::string_view content_type) {
  // A semicolon within quotes parts parameters here as well: a reader may be as careless.
  std::size_t semicolon = content_type.find(';');
  while (semicolon != std::string_view::npos) {
    content_type.remove_prefix(semicolon + 1);
    semicolon = content_type.find(';');
    if (!is_harmless(content_type.substr(0, semicolon))) return false;
  }
  return true;
}

}  // namespace headrace::net::http
