#include "policy/form/form_boundary.h"

#include <algorithm>

#include "core/ascii.h"

namespace headrace::policy {
namespace {

constexpr std::string_view kForm = "multipart/form-data";
constexpr std::string_view kMultipart = "multipart/";
constexpr std::string_view kBoundary = "boundary";
constexpr std::string_view kCharset = "charset";

bool begins_with(std::string_view text, std::string_view begin) {
  return core::equals_ignoring_case(text.substr(0, begin.size()), begin);
}

void skip_blanks(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
}

bool is_token(char c) {
  return core::is_letter_or_digit(c) || std::string_view("!#$%&'*+-.^_`|~").contains(c);
}

// RFC 2046 bchars, without the space and the comma, at which some readers end it.
bool is_boundary(char c) {
  return core::is_letter_or_digit(c) || std::string_view("'()+_-./:=?").contains(c);
}

struct Parameter {
  std::string_view name;
  std::string_view value;  // without its quotes
};

// Takes one off, behind its semicolon. False: it is none.
bool take_parameter(std::string_view& rest, Parameter& parameter) {
  skip_blanks(rest);
  const auto end = std::ranges::find_if_not(rest, is_token) - rest.begin();
  parameter.name = rest.substr(0, static_cast<std::size_t>(end));
  rest.remove_prefix(parameter.name.size());
  if (parameter.name.empty() || !rest.starts_with('=')) return false;
  rest.remove_prefix(1);
  if (rest.starts_with('"')) {
    const std::size_t close = rest.find('"', 1);
    if (close == std::string_view::npos) return false;
    parameter.value = rest.substr(1, close - 1);
    rest.remove_prefix(close + 1);
    if (parameter.value.contains('\\')) return false;
  } else {
    parameter.value = rest.substr(0, rest.find_first_of("; \t"));
    rest.remove_prefix(parameter.value.size());
  }
  skip_blanks(rest);
  return rest.empty() || rest.starts_with(';');
}

}  // namespace

bool is_multipart(std::string_view content_type) {
  return begins_with(content_type, kMultipart);
}

std::string_view form_boundary(std::string_view content_type) {
  if (!begins_with(content_type, kForm)) return {};
  std::string_view rest = content_type.substr(kForm.size());
  std::string_view boundary;
  skip_blanks(rest);
  while (!rest.empty()) {
    if (!rest.starts_with(';')) return {};
    rest.remove_prefix(1);
    Parameter parameter;
    if (!take_parameter(rest, parameter)) return {};
    if (core::equals_ignoring_case(parameter.name, kCharset)) {
      if (!std::ranges::all_of(parameter.value, is_token)) return {};
      continue;
    }
    // In any other some readers find the word, and take what follows it.
    if (!core::equals_ignoring_case(parameter.name, kBoundary) || !boundary.empty()) return {};
    boundary = parameter.value;
    if (boundary.empty() || boundary.size() > kBoundaryBytesMax ||
        !std::ranges::all_of(boundary, is_boundary)) {
      return {};
    }
  }
  return boundary;
}

}  // namespace headrace::policy
