#include "policy/form/part_head.h"

#include <algorithm>
#include <utility>

#include "core/ascii.h"

namespace headrace::policy {
namespace {

using core::equals_ignoring_case;

bool is_token(char c) {
  return core::is_letter_or_digit(c) || std::string_view("!#$%&'*+-.^_`|~").contains(c);
}

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && c != '\t') || byte == 0x7F;
}

// What the names of fields have, with the marks of those within others: `images[0][file_id]`.
bool is_name(char c) {
  return core::is_letter_or_digit(c) || std::string_view("_-.[]$@:/ ").contains(c);
}

std::string_view without_blanks(std::string_view text) {
  const std::size_t begin = std::min(text.find_first_not_of(" \t"), text.size());
  text.remove_prefix(begin);
  while (text.ends_with(' ') || text.ends_with('\t'))
    text.remove_suffix(1);
  return text;
}

struct Parameter {
  std::string_view name;
  std::string_view value;  // as it stands, without its quotes
};

// Takes `; name=value` off. False: that is not what stands there.
bool take_parameter(std::string_view& rest, Parameter& parameter) {
  if (!rest.starts_with(';')) return false;
  rest = without_blanks(rest.substr(1));
  const std::size_t equals = rest.find('=');
  if (equals == std::string_view::npos) return false;
  parameter.name = rest.substr(0, equals);
  if (parameter.name.empty() || !std::ranges::all_of(parameter.name, is_token)) return false;
  rest.remove_prefix(equals + 1);
  if (rest.starts_with('"')) {
    const std::size_t close = rest.find('"', 1);
    if (close == std::string_view::npos) return false;
    parameter.value = rest.substr(1, close - 1);
    // To some it is escaped, and goes on.
    if (parameter.value.ends_with('\\')) return false;
    rest.remove_prefix(close + 1);
  } else {
    parameter.value = rest.substr(0, rest.find_first_of("; \t"));
    if (!std::ranges::all_of(parameter.value, is_token)) return false;
    rest.remove_prefix(parameter.value.size());
  }
  rest = without_blanks(rest);
  return true;
}

}  // namespace

bool PartHead::take(std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == 0 || colon == std::string_view::npos) return false;
  const std::string_view name = line.substr(0, colon);
  if (!std::ranges::all_of(name, is_token) || std::ranges::any_of(line, is_control)) return false;
  const std::string_view value = without_blanks(line.substr(colon + 1));
  if (equals_ignoring_case(name, "content-disposition")) return take_disposition(value);
  if (equals_ignoring_case(name, "content-type")) return take_type(value);
  if (equals_ignoring_case(name, "content-transfer-encoding")) {
    return equals_ignoring_case(value, "binary") || equals_ignoring_case(value, "8bit") ||
           equals_ignoring_case(value, "7bit");
  }
  return !equals_ignoring_case(name, "content-encoding");
}

bool PartHead::take_disposition(std::string_view value) {
  constexpr std::string_view kForm = "form-data";
  if (complete() || !equals_ignoring_case(value.substr(0, kForm.size()), kForm)) return false;
  std::string_view rest = without_blanks(value.substr(kForm.size()));
  bool file_told = false;
  bool encoded_file_told = false;
  while (!rest.empty()) {
    Parameter parameter;
    if (!take_parameter(rest, parameter)) return false;
    if (equals_ignoring_case(parameter.name, "name")) {
      if (complete() || parameter.value.size() > name_.size() ||
          !std::ranges::all_of(parameter.value, is_name)) {
        return false;
      }
      std::ranges::copy(parameter.value, name_.begin());
      name_bytes_ = static_cast<std::uint16_t>(parameter.value.size());
    } else if (equals_ignoring_case(parameter.name, "filename")) {
      if (std::exchange(file_told, true)) return false;
    } else if (equals_ignoring_case(parameter.name, "filename*")) {
      if (std::exchange(encoded_file_told, true)) return false;
    } else {
      return false;
    }
  }
  // The default charset of all parts (RFC 7578 section 4.6).
  return complete() && !equals_ignoring_case(name(), "_charset_");
}

bool PartHead::take_type(std::string_view value) {
  if (std::exchange(type_told_, true)) return false;
  constexpr std::string_view kWithParts[] = {"multipart/", "message/"};
  for (const std::string_view begin : kWithParts) {
    if (equals_ignoring_case(value.substr(0, begin.size()), begin)) return false;
  }
  std::string_view rest = value.substr(std::min(value.find(';'), value.size()));
  while (!rest.empty()) {
    Parameter parameter;
    if (!take_parameter(rest, parameter)) return false;
    constexpr std::string_view kCharset = "charset";
    if (!equals_ignoring_case(parameter.name.substr(0, kCharset.size()), kCharset)) continue;
    // In which ASCII is ASCII, and nothing else is: names and keys cannot become others.
    constexpr std::string_view kCharsets[] = {"utf-8", "utf8", "us-ascii", "iso-8859-1"};
    if (parameter.name.size() != kCharset.size() ||
        std::ranges::none_of(kCharsets, [&](std::string_view charset) {
          return equals_ignoring_case(parameter.value, charset);
        })) {
      return false;
    }
  }
  return true;
}

}  // namespace headrace::policy
