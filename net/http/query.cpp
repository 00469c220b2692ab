#include "net/http/query.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "net/http/text.h"

namespace headrace::net::http {

namespace {

constexpr std::string_view kHidden = "***";

// What names of secrets end in, in lower case and without "-" and "_": "api_key",
// "X-Amz-Signature".
constexpr std::array<std::string_view, 9> kSecretEndings = {
    "key", "token", "secret",        "password",  "signature",
    "sig", "auth",  "authorization", "credential"};

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

bool is_secret(std::string_view encoded_name) {
  std::array<char, 64> plain;
  std::size_t size = 0;
  while (!encoded_name.empty()) {
    const char c = take_decoded(encoded_name);
    if (c == '-' || c == '_') continue;
    if (size == plain.size()) return true;  // no name that we know: hidden rather than shown
    plain[size++] = to_lower(c);
  }
  const std::string_view name(plain.data(), size);
  return std::ranges::any_of(kSecretEndings,
                             [name](std::string_view ending) { return name.ends_with(ending); });
}

// Where in this parameter hiding must start; npos where nothing need be hidden. Some servers take
// ";" for a separator too: a secret behind one hides the rest of the parameter.
std::size_t secret_start(std::string_view parameter) {
  std::size_t from = 0;
  while (from < parameter.size()) {
    const std::size_t part_end = std::min(parameter.find(';', from), parameter.size());
    const std::size_t equals = parameter.find('=', from);
    if (equals < part_end && is_secret(parameter.substr(from, equals - from))) return equals + 1;
    from = part_end + 1;
  }
  return std::string_view::npos;
}

class BoundedText {
 public:
  explicit BoundedText(std::span<char> into) : into_(into) {}
  void put(std::string_view text) {
    const std::size_t bytes = std::min(text.size(), into_.size() - size_);
    if (bytes > 0) std::memmove(into_.data() + size_, text.data(), bytes);
    size_ += bytes;
  }
  [[nodiscard]] std::string_view text() const { return {into_.data(), size_}; }

 private:
  std::span<char> into_;
  std::size_t size_ = 0;
};

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

std::string_view query_without(std::string_view query, std::string_view name, std::span<char> out) {
  BoundedText written(out);
  QueryParameters parameters(query);
  while (const auto parameter = parameters.next()) {
    if (names_parameter(parameter->name, name)) continue;
    if (!written.text().empty()) written.put("&");
    written.put(parameter->text);
  }
  return written.text();
}

std::string_view scrub_secrets(std::string_view query, std::span<char> out) {
  BoundedText written(out);
  while (true) {
    const std::size_t end = query.find('&');
    const std::string_view parameter = query.substr(0, end);
    const std::size_t hide_from = secret_start(parameter);
    written.put(parameter.substr(0, hide_from));
    if (hide_from != std::string_view::npos) written.put(kHidden);
    if (end == std::string_view::npos) return written.text();
    written.put("&");
    query.remove_prefix(end + 1);
  }
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
