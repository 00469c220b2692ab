#include "tests/fuzz/reference_form.h"

#include <algorithm>
#include <optional>
#include <regex>

namespace headrace::fuzz {
namespace {

constexpr std::size_t kLineMax = 1024;
constexpr std::size_t kFieldsMax = 16;
constexpr std::size_t kPartsMax = 1024;
constexpr std::size_t kNameMax = 256;
constexpr std::size_t kDepthMax = 8;

#define HEADRACE_TOKEN "[-!#$%&'*+.^_`|~0-9A-Za-z]"
#define HEADRACE_PARAMETER "[ \t]*;[ \t]*(" HEADRACE_TOKEN "+)=(\"([^\"]*)\"|" HEADRACE_TOKEN "*)"

std::string small(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

struct Parameter {
  std::string name;
  std::string value;
};

// Those behind the first word; nothing where something else stands there.
std::optional<std::vector<Parameter>> parameters(std::string text) {
  static const std::regex kNext("^" HEADRACE_PARAMETER);
  std::vector<Parameter> all;
  std::smatch found;
  while (std::regex_search(text, found, kNext)) {
    const bool quoted = found[2].str().starts_with('"');
    const std::string value = quoted ? found[3].str() : found[2].str();
    if (quoted && value.ends_with('\\')) return std::nullopt;
    all.push_back({small(found[1].str()), value});
    text = found.suffix().str();
    if (!quoted && !text.empty() && std::string("; \t").find(text[0]) == std::string::npos)
      return std::nullopt;
  }
  if (text.find_first_not_of(" \t") != std::string::npos) return std::nullopt;
  return all;
}

std::optional<std::string> name_by(const std::string& disposition) {
  static const std::regex kForm("^form-data([^]*)$", std::regex::icase);
  std::smatch found;
  if (!std::regex_match(disposition, found, kForm)) return std::nullopt;
  const auto all = parameters(found[1].str());
  if (!all) return std::nullopt;
  std::optional<std::string> name;
  std::vector<std::string> seen;
  for (const Parameter& parameter : *all) {
    if (std::ranges::find(seen, parameter.name) != seen.end()) return std::nullopt;
    seen.push_back(parameter.name);
    if (parameter.name == "name")
      name = parameter.value;
    else if (parameter.name != "filename" && parameter.name != "filename*")
      return std::nullopt;
  }
  static const std::regex kName("[-_.$@:/ \\[\\]0-9A-Za-z]+");
  if (!name || name->size() > kNameMax || !std::regex_match(*name, kName)) return std::nullopt;
  if (small(*name) == "_charset_") return std::nullopt;
  return name;
}

bool is_right_type(const std::string& type) {
  if (small(type).starts_with("multipart/") || small(type).starts_with("message/")) return false;
  const std::size_t semicolon = type.find(';');
  if (semicolon == std::string::npos) return true;
  const auto all = parameters(type.substr(semicolon));
  if (!all) return false;
  return std::ranges::all_of(*all, [](const Parameter& parameter) {
    if (!parameter.name.starts_with("charset")) return true;
    const std::string value = small(parameter.value);
    return parameter.name == "charset" &&
           (value == "utf-8" || value == "utf8" || value == "us-ascii" || value == "iso-8859-1");
  });
}

std::optional<std::string> name_of(const std::vector<std::string>& lines) {
  static const std::regex kLine("(" HEADRACE_TOKEN "+):[ \t]*([^]*?)[ \t]*");
  static const std::regex kControl("[\\x01-\\x08\\x0a-\\x1f\\x7f]");
  std::optional<std::string> name;
  bool type_told = false;
  for (const std::string& line : lines) {
    std::smatch found;
    if (line.find('\0') != std::string::npos || std::regex_search(line, kControl) ||
        !std::regex_match(line, found, kLine)) {
      return std::nullopt;
    }
    const std::string key = small(found[1].str());
    const std::string value = found[2].str();
    if (key == "content-disposition") {
      if (name) return std::nullopt;
      name = name_by(value);
      if (!name) return std::nullopt;
    } else if (key == "content-type") {
      if (type_told || !is_right_type(value)) return std::nullopt;
      type_told = true;
    } else if (key == "content-transfer-encoding") {
      const std::string way = small(value);
      if (way != "binary" && way != "8bit" && way != "7bit") return std::nullopt;
    } else if (key == "content-encoding") {
      return std::nullopt;
    }
  }
  return name;
}

std::optional<std::vector<std::string>> path_of(const std::string& name) {
  static const std::regex kWhole(
      "([^\\[\\].]+)((?:\\[[^\\[\\].]*\\](?=[\\[.]|$)|\\.[^\\[\\].]*(?=[\\[.]|$))*)");
  static const std::regex kPiece("\\[([^\\]]*)\\]|\\.([^\\[.]*)");
  std::smatch found;
  if (!std::regex_match(name, found, kWhole)) return std::nullopt;
  std::vector<std::string> path = {found[1].str()};
  if (path[0].find_first_not_of("0123456789") == std::string::npos) return std::nullopt;
  const std::string rest = found[2].str();
  for (std::sregex_iterator at(rest.begin(), rest.end(), kPiece), end; at != end; ++at)
    path.push_back((*at)[1].matched ? (*at)[1].str() : (*at)[2].str());
  if (path.size() > kDepthMax) return std::nullopt;
  for (const std::string& key : path) {
    if (key.starts_with(' ') || key.ends_with(' ')) return std::nullopt;
  }
  return path;
}

}  // namespace

ReferenceForm reference_form(const std::string& body, const std::string& boundary) {
  ReferenceForm form;
  const std::string mark = "--" + boundary;
  if (!body.starts_with(mark)) return form;
  std::size_t at = mark.size();
  for (std::size_t parts = 1;; ++parts) {
    const std::string next = body.substr(at, 2);
    at += 2;
    if (next == "--") {
      const std::string rest = body.substr(at);
      static const std::regex kLineEnds("(\r\n)*");
      form.whole = parts > 1 && std::regex_match(rest, kLineEnds);
      return form;
    }
    if (next != "\r\n" || parts > kPartsMax) return form;
    std::vector<std::string> lines;
    for (;;) {
      const std::size_t end = body.find('\n', at);
      if (end == std::string::npos || end - at > kLineMax) return form;
      std::string line = body.substr(at, end - at);
      at = end + 1;
      if (!line.ends_with('\r')) return form;
      line.pop_back();
      if (line.find('\r') != std::string::npos) return form;
      if (line.empty()) break;
      if (line[0] == ' ' || line[0] == '\t' || lines.size() == kFieldsMax) return form;
      lines.push_back(line);
    }
    const auto name = name_of(lines);
    if (!name) return form;
    const auto path = path_of(*name);
    const std::size_t end = body.find(mark, at);
    if (!path || end == std::string::npos || end < at + 2 || body.substr(end - 2, 2) != "\r\n") {
      return form;
    }
    form.fields.push_back({*path, body.substr(at, end - 2 - at), at});
    at = end + mark.size();
  }
}

}  // namespace headrace::fuzz
