#include "policy/config/yaml_hint.h"

#include <algorithm>
#include <optional>
#include <vector>

#include <fmt/format.h>

namespace headrace::policy::config {
namespace {

constexpr std::string_view kBlank = " \t\r";

std::string_view trimmed_end(std::string_view text) {
  const std::size_t last = text.find_last_not_of(kBlank);
  return last == text.npos ? std::string_view() : text.substr(0, last + 1);
}

class Suspicion {
 public:
  // What is wrong with the next line, as far as those before it tell.
  std::optional<std::string> look_at(std::string_view line) {
    ++number_;
    const std::size_t indent = std::min(line.find_first_not_of(' '), line.size());
    if (within_text(line, indent)) return std::nullopt;
    const std::string_view content = trimmed_end(without_comment(line));
    if (content.size() <= indent) return std::nullopt;
    if (content[indent] == '\t') return say("is indented with a tab: use spaces");
    if (open_quote_) return say("opens a quote and does not close it");
    const bool amid_brackets = brackets_before_ > 0;
    if (amid_brackets) return std::nullopt;
    auto complaint = look_at_entry(content, indent);
    opens_ = content.ends_with(':');
    const bool begins_text = content.ends_with('|') || content.ends_with('>') ||
                             content.ends_with("|-") || content.ends_with(">-");
    text_indent_ = begins_text ? std::optional(indent) : std::nullopt;
    return complaint;
  }

  [[nodiscard]] std::string open_bracket() const {
    if (brackets_ == 0) return {};
    return fmt::format("line {} opens a bracket and does not close it", bracket_line_);
  }

 private:
  [[nodiscard]] std::string say(std::string_view what) const {
    return fmt::format("line {} {}", number_, what);
  }

  // Lines of a text behind `|` may look like anything.
  [[nodiscard]] bool within_text(std::string_view line, std::size_t indent) const {
    return text_indent_ && (indent > *text_indent_ || indent == line.size());
  }

  // Without what stands behind a `#`; counts brackets and looks for quotes on the way.
  std::string_view without_comment(std::string_view line) {
    brackets_before_ = brackets_;
    open_quote_ = false;
    char quote = 0;
    char before = ' ';  // the last character that is no blank
    for (std::size_t i = 0; i < line.size(); ++i) {
      const char c = line[i];
      if (quote != 0) {
        if (c == '\\' && quote == '"') {
          ++i;
        } else if (c == quote) {
          quote = 0;
        }
        before = c;
        continue;
      }
      const bool behind_blank = i == 0 || kBlank.contains(line[i - 1]);
      if (c == '#' && behind_blank) return line.substr(0, i);
      // Amid a word it is an apostrophe.
      if ((c == '"' || c == '\'') && std::string_view(" :,[{-").contains(before)) quote = c;
      if (c == '[' || c == '{') open_bracket_here();
      if ((c == ']' || c == '}') && brackets_ > 0) --brackets_;
      if (!kBlank.contains(c)) before = c;
    }
    open_quote_ = quote != 0;
    return line;
  }

  void open_bracket_here() {
    if (brackets_++ == 0) bracket_line_ = number_;
  }

  std::optional<std::string> look_at_entry(std::string_view content, std::size_t indent) {
    std::optional<std::string> complaint = judge_indent(indent);
    std::string_view entry = content.substr(indent);
    bool is_item = false;
    while (entry.starts_with("- ")) {
      is_item = true;
      const std::size_t skipped = std::min(entry.find_first_not_of(' ', 1), entry.size());
      entry.remove_prefix(skipped);
      indent += skipped;
      indents_.push_back(indent);
    }
    if (complaint || is_item || entry == "-" || entry.ends_with(':') || entry.contains(": ") ||
        entry.starts_with("---") || entry.starts_with("...") || entry.starts_with('%') ||
        entry.starts_with('{') || entry.starts_with('[') || entry.starts_with('?')) {
      return complaint;
    }
    return say("has no `: ` between its option and its value");
  }

  // Deeper than the one before only where that one has no value of its own.
  std::optional<std::string> judge_indent(std::size_t indent) {
    const std::size_t last = indents_.empty() ? 0 : indents_.back();
    while (!indents_.empty() && indents_.back() > indent)
      indents_.pop_back();
    const bool known = !indents_.empty() && indents_.back() == indent;
    if (known) return std::nullopt;
    const bool first = indents_.empty();
    indents_.push_back(indent);
    if (first || opens_) return std::nullopt;
    return say(fmt::format("is indented by {} spaces, what stands before it by {}", indent, last));
  }

  std::uint32_t number_ = 0;
  std::vector<std::size_t> indents_;  // of the maps and lists that are open
  std::optional<std::size_t> text_indent_;
  std::size_t brackets_ = 0;
  std::size_t brackets_before_ = 0;
  std::uint32_t bracket_line_ = 0;
  bool open_quote_ = false;
  bool opens_ = true;  // the last line ended with a colon
};

}  // namespace

std::string yaml_hint(std::string_view text, std::uint32_t error_line) {
  Suspicion suspicion;
  for (std::uint32_t line = 1; line <= error_line && !text.empty(); ++line) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    if (const auto complaint = suspicion.look_at(text.substr(0, end))) return *complaint;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return suspicion.open_bracket();
}

}  // namespace headrace::policy::config
