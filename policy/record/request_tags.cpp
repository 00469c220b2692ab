#include "policy/record/request_tags.h"

#include <algorithm>
#include <array>
#include <optional>

#include "policy/json/json_blank.h"
#include "policy/json/json_string.h"
#include "policy/record/request_context.h"

namespace headrace::policy {
namespace {

using DecodeRoom = std::array<char, kTagTextsDecodedMax>;

// The members of an object that was judged before. What is cut off by the bound ends the walk.
class MemberWalk {
 public:
  struct Member {
    std::string_view name;   // between its quotes, as it stands
    std::string_view value;  // as it stands
  };

  explicit MemberWalk(std::string_view object)
      : rest_(object.substr(1, kTagTextBytesMax)) {}  // behind its brace

  std::optional<Member> next() {
    skip_space();
    if (!rest_.starts_with('"')) return std::nullopt;
    const std::string_view name = take_string();
    skip_space();
    if (name.size() < 2 || !rest_.starts_with(':')) return std::nullopt;
    rest_.remove_prefix(1);
    skip_space();
    const std::string_view value = take_value();
    skip_space();
    // Nothing stands behind a value that was cut.
    if (value.empty() || rest_.empty()) return std::nullopt;
    if (rest_.starts_with(',')) rest_.remove_prefix(1);
    return Member{name.substr(1, name.size() - 2), value};
  }

 private:
  void skip_space() {
    while (!rest_.empty() && is_json_blank(rest_.front()))
      rest_.remove_prefix(1);
  }
  std::string_view take(std::size_t bytes) {
    const std::string_view taken = rest_.substr(0, bytes);
    rest_.remove_prefix(taken.size());
    return taken;
  }
  // With its quotes; empty where it has no end.
  std::string_view take_string() {
    for (std::size_t at = 1; at < rest_.size(); ++at) {
      if (rest_[at] == '\\') {
        ++at;
      } else if (rest_[at] == '"') {
        return take(at + 1);
      }
    }
    rest_ = {};
    return {};
  }
  std::string_view take_value() {
    if (rest_.starts_with('"')) return take_string();
    if (!rest_.starts_with('{') && !rest_.starts_with('[')) {
      return take(std::min(rest_.find_first_of(",}] \t\n\r"), rest_.size()));
    }
    const std::string_view whole = rest_;
    for (std::size_t depth = 0; !rest_.empty();) {
      const char c = rest_.front();
      if (c == '"') {
        take_string();
        continue;
      }
      if (c == '{' || c == '[') ++depth;
      if (c == '}' || c == ']') --depth;
      rest_.remove_prefix(1);
      if (depth == 0) return whole.substr(0, whole.size() - rest_.size());
    }
    return {};
  }

  std::string_view rest_;
};

class TagWriter {
 public:
  TagWriter(std::span<char> out, std::size_t size) : out_(out), size_(size) {}

  // `name` between its quotes, `value` a whole token, both as they stand in JSON.
  void pair(std::string_view name, std::string_view value) {
    DecodeRoom name_room;
    DecodeRoom value_room;
    const auto plain_name = decoded(name, name_room);
    const auto plain_value = scalar(value, value_room);
    if (!plain_name || plain_name->empty() || !plain_value) return;
    const std::size_t before = size_;
    if (size_ > 0 && out_[size_ - 1] != ',') put(',');
    text(*plain_name);
    put('=');
    text(*plain_value);
    if (!fits_) size_ = before;
    fits_ = true;
  }
  [[nodiscard]] std::string_view written() const { return {out_.data(), size_}; }

 private:
  static std::optional<std::string_view> decoded(std::string_view raw, DecodeRoom& room) {
    if (raw.find('\\') == raw.npos) return raw;
    const JsonDecoded text = decode_json_string(raw, room);
    if (!text.whole) return std::nullopt;
    return text.text;
  }
  static std::optional<std::string_view> scalar(std::string_view value, DecodeRoom& room) {
    switch (value.front()) {
      case '"':
        return decoded(value.substr(1, value.size() - 2), room);
      case '{':
      case '[':
      case 'n':
        return std::nullopt;
      default:
        return value;
    }
  }

  void put(char c) {
    if (size_ == out_.size()) {
      fits_ = false;
    } else {
      out_[size_++] = c;
    }
  }
  void text(std::string_view text) {
    constexpr std::string_view kEncoded = ",=%\"\\";
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    for (const char c : text) {
      if (!fits_) return;
      if (c > 0x20 && c < 0x7f && kEncoded.find(c) == kEncoded.npos) {
        put(c);
        continue;
      }
      const auto byte = static_cast<unsigned char>(c);
      put('%');
      put(kDigits[byte >> 4U]);
      put(kDigits[byte & 15U]);
    }
  }

  std::span<char> out_;
  std::size_t size_;
  bool fits_ = true;
};

}  // namespace

std::string_view write_tags(const TagSources& sources, std::span<char> out) {
  TagWriter writer(out, sane_tags(sources.field, out).size());
  if (sources.facts == nullptr) return writer.written();
  const BodyFacts& facts = *sources.facts;
  if (facts.metadata.given) {
    MemberWalk members(facts.metadata.value.in(sources.body));
    for (std::size_t i = 0; i < kTagMembersMax; ++i) {
      const auto member = members.next();
      if (!member) break;
      writer.pair(member->name, member->value);
    }
  }
  // Anthropic's is a member of `metadata`, and was written as that.
  const bool within = facts.metadata.given &&
                      facts.user.value.offset > facts.metadata.value.offset &&
                      facts.user.value.offset < facts.metadata.value.end();
  if (facts.user.given && !within) writer.pair("user", facts.user.value.in(sources.body));
  if (facts.safety_identifier) {
    writer.pair("safety_identifier", facts.safety_identifier.in(sources.body));
  }
  return writer.written();
}

}  // namespace headrace::policy
