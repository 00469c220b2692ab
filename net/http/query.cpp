#include "net/http/query.h"

#include "net/http/text.h"

namespace headrace::net::http {

namespace {

// The next character of an encoded name, decoded; what is no valid encoding stands for itself.
char take_decoded(std::string_view& text) {
  char c = text.front();
  if (c == '%' && text.size() >= 3 && hex_value(text[1]) >= 0 && hex_value(text[2]) >= 0) {
    c = static_cast<char>(hex_value(text[1]) * 16 + hex_value(text[2]));
    text.remove_prefix(2);
  }
  text.remove_prefix(1);
  return c;
}

}  // namespace

std::optional<QueryParameter> QueryParameters::next() {
  while (!rest_.empty()) {
    const std::size_t end = rest_.find('&');
    const std::string_view text = rest_.substr(0, end);
    rest_ = end == std::string_view::npos ? std::string_view() : rest_.substr(end + 1);
    if (text.empty()) continue;
    const std::size_t equals = text.find('=');
    const std::string_view value =
        equals == std::string_view::npos ? std::string_view() : text.substr(equals + 1);
    return QueryParameter{text.substr(0, equals), value, text};
  }
  return std::nullopt;
}

bool names_parameter(std::string_view encoded_name, std::string_view plain_name) {
  for (const char c : plain_name) {
    if (encoded_name.empty() || to_lower(take_decoded(encoded_name)) != to_lower(c)) return false;
  }
  return encoded_name.empty();
}

std::optional<std::string_view> find_parameter(std::string_view query, std::string_view name) {
  QueryParameters parameters(query);
  while (const auto parameter = parameters.next()) {
    if (names_parameter(parameter->name, name)) return parameter->value;
  }
  return std::nullopt;
}

std::optional<std::string_view> percent_decode(std::string_view text, std::span<char> out) {
  std::size_t size = 0;
  while (!text.empty()) {
    const bool encoded = text.front() == '%';
    const std::size_t before = text.size();
    if (size == out.size()) return std::nullopt;
    out[size++] = take_decoded(text);
    if (encoded && before - text.size() != 3) return std::nullopt;
  }
  return std::string_view(out.data(), size);
}

}  // namespace headrace::net::http
