#include "tests/fuzz/reference_json.h"

#include <cstdint>

namespace headrace::fuzz {
namespace {

void append_utf8(std::string& out, std::uint32_t c) {
  const auto put = [&](std::uint32_t b) { out.push_back(static_cast<char>(b)); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xC0 | c >> 6), put(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    put(0xE0 | c >> 12), put(0x80 | (c >> 6 & 0x3F)), put(0x80 | (c & 0x3F));
  } else {
    put(0xF0 | c >> 18), put(0x80 | (c >> 12 & 0x3F)), put(0x80 | (c >> 6 & 0x3F));
    put(0x80 | (c & 0x3F));
  }
}

class Parser {
 public:
  Parser(std::string_view text, std::size_t depth_max) : text_(text), depth_max_(depth_max) {}

  bool document(ReferenceJson& out) {
    space();
    if (!value(out, 0)) return false;
    space();
    return at_ == text_.size();
  }

 private:
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool take(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  bool take(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) return false;
    at_ += word.size();
    return true;
  }
  void space() {
    while (take(' ') || take('\t') || take('\n') || take('\r')) {
    }
  }

  bool value(ReferenceJson& out, std::size_t depth) {
    out.begin = at_;
    const bool ok = any(out, depth);
    out.end = at_;
    return ok;
  }

  bool any(ReferenceJson& out, std::size_t depth) {
    using Type = ReferenceJson::Type;
    if (peek() == '{') return depth < depth_max_ && object(out, depth + 1);
    if (peek() == '[') return depth < depth_max_ && array(out, depth + 1);
    if (peek() == '"') {
      out.type = Type::string;
      return quoted(out.text, out.whole);
    }
    if (take("true")) return out.type = Type::boolean_true, true;
    if (take("false")) return out.type = Type::boolean_false, true;
    if (take("null")) return out.type = Type::null, true;
    out.type = Type::number;
    const std::size_t begin = at_;
    if (!digits()) return false;
    out.text = text_.substr(begin, at_ - begin);
    return true;
  }

  bool digits_run() {
    if (peek() < '0' || peek() > '9') return false;
    while (peek() >= '0' && peek() <= '9')
      ++at_;
    return true;
  }

  bool digits() {
    take('-');
    if (!take('0') && !digits_run()) return false;
    if (take('.') && !digits_run()) return false;
    if (take('e') || take('E')) {
      if (!take('+')) take('-');
      return digits_run();
    }
    return true;
  }

  bool hex4(std::uint32_t& out) {
    out = 0;
    for (int i = 0; i < 4; ++i) {
      const char c = peek();
      std::uint32_t digit = 0;
      if (c >= '0' && c <= '9') {
        digit = static_cast<std::uint32_t>(c - '0');
      } else if (c >= 'a' && c <= 'f') {
        digit = static_cast<std::uint32_t>(c - 'a' + 10);
      } else if (c >= 'A' && c <= 'F') {
        digit = static_cast<std::uint32_t>(c - 'A' + 10);
      } else {
        return false;
      }
      out = out * 16 + digit;
      ++at_;
    }
    return true;
  }

  bool quoted(std::string& out, bool& whole) {
    if (!take('"')) return false;
    while (at_ < text_.size()) {
      const char c = text_[at_++];
      if (c == '"') return true;
      if (static_cast<unsigned char>(c) < 0x20) return false;
      if (c != '\\') {
        out.push_back(c);
        continue;
      }
      if (at_ == text_.size()) return false;
      const char kind = text_[at_++];
      constexpr std::string_view kNames = "\"\\/bfnrt";
      constexpr std::string_view kValues = "\"\\/\b\f\n\r\t";
      if (const std::size_t found = kNames.find(kind); found != std::string_view::npos) {
        out.push_back(kValues[found]);
        continue;
      }
      if (kind != 'u') return false;
      std::uint32_t character = 0;
      if (!hex4(character)) return false;
      if (character >= 0xD800 && character <= 0xDBFF) {
        const std::size_t before = at_;
        std::uint32_t low = 0;
        if (!take("\\u")) {
          whole = false;
          continue;
        }
        if (!hex4(low)) return false;
        if (low < 0xDC00 || low > 0xDFFF) {
          at_ = before;
          whole = false;
          continue;
        }
        character = 0x10000 + (character - 0xD800) * 0x400 + (low - 0xDC00);
      } else if (character >= 0xDC00 && character <= 0xDFFF) {
        whole = false;
        continue;
      }
      append_utf8(out, character);
    }
    return false;
  }

  bool object(ReferenceJson& out, std::size_t depth) {
    out.type = ReferenceJson::Type::object;
    take('{');
    space();
    if (take('}')) return true;
    for (;;) {
      space();
      std::pair<std::string, ReferenceJson> member;
      bool whole = true;
      if (!quoted(member.first, whole)) return false;
      space();
      if (!take(':')) return false;
      space();
      if (!value(member.second, depth)) return false;
      out.members.push_back(std::move(member));
      space();
      if (take('}')) return true;
      if (!take(',')) return false;
    }
  }

  bool array(ReferenceJson& out, std::size_t depth) {
    out.type = ReferenceJson::Type::array;
    take('[');
    space();
    if (take(']')) return true;
    for (;;) {
      space();
      out.elements.emplace_back();
      if (!value(out.elements.back(), depth)) return false;
      space();
      if (take(']')) return true;
      if (!take(',')) return false;
    }
  }

  std::string_view text_;
  std::size_t depth_max_;
  std::size_t at_ = 0;
};

}  // namespace

const ReferenceJson* ReferenceJson::member(std::string_view key) const {
  const ReferenceJson* found = nullptr;
  for (const auto& [name, value] : members) {
    if (name != key) continue;
    if (found != nullptr) return nullptr;
    found = &value;
  }
  return found;
}

std::optional<ReferenceJson> reference_json(std::string_view text, std::size_t depth_max) {
  ReferenceJson root;
  if (!Parser(text, depth_max).document(root)) return std::nullopt;
  return root;
}

bool is_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    std::size_t size = 1;
    std::uint32_t character = lead;
    std::uint32_t smallest = 0;
    if (lead >= 0xF0 && lead <= 0xF7) {
      size = 4, character = lead & 0x07U, smallest = 0x10000;
    } else if (lead >= 0xE0 && lead <= 0xEF) {
      size = 3, character = lead & 0x0FU, smallest = 0x800;
    } else if (lead >= 0xC0 && lead <= 0xDF) {
      size = 2, character = lead & 0x1FU, smallest = 0x80;
    } else if (lead >= 0x80) {
      return false;
    }
    if (i + size > text.size()) return false;
    for (std::size_t j = 1; j < size; ++j) {
      const auto next = static_cast<unsigned char>(text[i + j]);
      if ((next & 0xC0U) != 0x80) return false;
      character = character << 6 | (next & 0x3FU);
    }
    if (character < smallest || character > 0x10FFFF) return false;
    if (character >= 0xD800 && character <= 0xDFFF) return false;
    i += size;
  }
  return true;
}

}  // namespace headrace::fuzz
