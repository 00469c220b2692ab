// Follows what a key has announced to be free of form (what a tool is called with, or answers): the
// object or array behind it, to its end.
//
// Is told of the bytes outside of strings, and of strings as they open.
// Threads: plain data.
#pragma once

#include <cstdint>

namespace headrace::policy {

class FreeForm {
 public:
  // By the key that has just opened.
  void announce() { announced_ = true; }
  [[nodiscard]] bool announced() const { return announced_; }

  // A string instead of an object or array: nothing comes of it.
  void take_string() { announced_ = false; }
  void take(char byte) {
    if (byte == '{' || byte == '[') {
      if (watches()) ++depth_;
      announced_ = false;
    } else if (byte == '}' || byte == ']') {
      if (depth_ > 0) --depth_;
      announced_ = false;
    }
  }
  // The `bytes` that are known of a string's head (string_head.h), the key's, which may end within
  // them: what stands behind its closing quote.
  void take_behind_key(std::uint64_t head, unsigned bytes) {
    bool in_key = true;
    for (unsigned i = 0; i < bytes; ++i) {
      const auto byte = static_cast<char>(head >> 8U * i & 0xff);
      if (!in_key) {
        take(byte);
      } else if (byte == '\\') {
        ++i;
      } else if (byte == '"') {
        in_key = false;
      }
    }
  }

  [[nodiscard]] bool inside() const { return depth_ > 0; }
  // It must be told of what comes.
  [[nodiscard]] bool watches() const { return announced_ || depth_ > 0; }

 private:
  std::uint32_t depth_ = 0;
  bool announced_ = false;
};

}  // namespace headrace::policy
