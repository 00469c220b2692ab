#include "policy/form/form_scan.h"

#include <algorithm>

#include "core/ascii.h"
#include "policy/body/body_scan.h"
#include "policy/body/truth_word.h"

namespace headrace::policy {
namespace {

// White space of JSON, and what readers of UTF-16 pass over (policy/json/json_beginning.h).
constexpr std::string_view kPassedOver(" \t\r\n\0\xEF\xBB\xBF\xFE\xFF", 10);

std::string_view behind(std::string_view text, std::string_view passed_over) {
  return text.substr(std::min(text.find_first_not_of(passed_over), text.size()));
}

// An object with a member, or a list that begins with one; as far as it is held.
bool is_like_json(std::string_view content, bool whole) {
  std::string_view rest = behind(content, kPassedOver);
  while (rest.starts_with('['))
    rest = behind(rest.substr(1), kPassedOver);
  if (rest.starts_with('{'))
    rest = behind(rest.substr(1), kPassedOver);
  else if (!rest.empty())
    return false;
  return rest.empty() ? !whole : rest.front() == '"';
}

// What begins as a list does: a text, unless it is JSON to its end.
bool may_be_list(std::string_view content) {
  return behind(content, kPassedOver).starts_with('[') && content.contains('{');
}

bool is_index(std::string_view key) {
  return std::ranges::all_of(key, core::is_digit);
}

// As it can stand in JSON. What cannot counts as a character that no name has that is open to all.
char plain(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte >= 0x7F || c == '"' || c == '\\' ? '%' : c;
}

}  // namespace

void FormScan::start(std::string_view boundary) {
  reader_.start(boundary);
  head_ = {};
  verdict_ = Verdict::good;
  taken_ = content_at_ = content_bytes_ = 0;
}

FormScan::Verdict FormScan::take(std::span<const std::byte> bytes) {
  taking_ = {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  if (!reader_.take(taking_, *this) && verdict_ == Verdict::good) verdict_ = Verdict::unreadable;
  taken_ += bytes.size();
  return verdict_;
}

bool FormScan::refuse(Verdict verdict) {
  verdict_ = verdict;
  return false;
}

bool FormScan::on_part_field(std::string_view line) {
  return head_.take(line) || refuse(Verdict::unreadable);
}

bool FormScan::on_part_content() {
  content_bytes_ = 0;
  return (head_.complete() && open_name()) || refuse(Verdict::unreadable);
}

bool FormScan::on_part_bytes(std::string_view bytes) {
  if (content_bytes_ == 0) {
    content_at_ = taken_ + static_cast<std::uint64_t>(bytes.data() - taking_.data());
  }
  if (content_bytes_ < kFormValueBytesMax) {
    const auto room = static_cast<std::size_t>(kFormValueBytesMax - content_bytes_);
    const std::string_view held = bytes.substr(0, room);
    std::ranges::copy(held,
                      text_.begin() + static_cast<std::ptrdiff_t>(text_bytes_ + content_bytes_));
  }
  content_bytes_ += bytes.size();
  return true;
}

bool FormScan::on_part_end(std::size_t boundary_bytes) {
  content_bytes_ -= boundary_bytes;
  head_ = {};
  return judge();
}

// --- what is judged ------------------------------------------------------------------------------

void FormScan::add(std::string_view text) {
  std::ranges::copy(text, text_.begin() + static_cast<std::ptrdiff_t>(text_bytes_));
  text_bytes_ += text.size();
}

// `a[b][0].c`: whatever stands between brackets or points.
bool FormScan::open_name() {
  text_bytes_ = closing_bytes_ = 0;
  std::string_view rest = head_.name();
  const std::string_view first = rest.substr(0, rest.find_first_of("[]."));
  if (is_index(first) || !open_key(first)) return false;
  rest.remove_prefix(first.size());
  while (!rest.empty()) {
    const bool in_brackets = rest.front() == '[';
    if (rest.front() == ']') return false;
    rest.remove_prefix(1);
    const std::size_t end = rest.find_first_of("[].");
    if (in_brackets && (end == std::string_view::npos || rest[end] != ']')) return false;
    if (!open_key(rest.substr(0, end))) return false;
    rest = rest.substr(std::min(end, rest.size()));
    if (!in_brackets) continue;
    rest.remove_prefix(1);
    if (!rest.empty() && rest.front() != '[' && rest.front() != '.') return false;
  }
  return true;
}

bool FormScan::open_key(std::string_view key) {
  if (closing_bytes_ == closing_.size()) return false;
  // Some readers take them off.
  if (key.starts_with(' ') || key.ends_with(' ')) return false;
  const bool in_list = is_index(key);
  closing_[closing_bytes_++] = in_list ? ']' : '}';
  if (in_list) {
    add("[");
  } else {
    add("{\"");
    add(key);
    add("\":");
  }
  return true;
}

void FormScan::add_content() {
  const std::string_view content = held_content();
  if (is_like_json(content, content.size() == content_bytes_)) {
    text_bytes_ += content.size();
    return;
  }
  if (content.empty()) return add("null");
  if (is_truth_word(content)) return add("true");
  if (is_untruth_word(content)) return add("false");
  std::array<char, kBeginningBytesMax> beginning;
  const auto end =
      std::ranges::transform(content.substr(0, beginning.size()), beginning.begin(), plain).out;
  add("\"");
  add({beginning.data(), static_cast<std::size_t>(end - beginning.begin())});
  add("\"");
}

std::string_view FormScan::held_content() const {
  const auto held =
      static_cast<std::size_t>(std::min<std::uint64_t>(content_bytes_, kFormValueBytesMax));
  return {text_.data() + text_bytes_, held};
}

bool FormScan::judge() {
  if (const std::string_view content = held_content(); may_be_list(content)) {
    if (content.size() < content_bytes_) return refuse(Verdict::unreadable);
    const std::size_t name_bytes = text_bytes_;
    text_bytes_ += content.size();
    if (judge_text() == Verdict::named) return refuse(Verdict::named);
    text_bytes_ = name_bytes;
  }
  add_content();
  const Verdict verdict = judge_text();
  return verdict == Verdict::good || refuse(verdict);
}

// Of the name and what was added to it, with the name's end behind it.
FormScan::Verdict FormScan::judge_text() {
  std::size_t bytes = text_bytes_;
  for (std::size_t i = closing_bytes_; i > 0; --i)
    text_[bytes++] = closing_[i - 1];
  const auto facts = scan_body(std::as_bytes(std::span(text_.data(), bytes)), Endpoint::other,
                               {.count_text = false});
  if (!facts) return Verdict::unreadable;
  return facts->names_stored() ? Verdict::named : Verdict::good;
}

}  // namespace headrace::policy
