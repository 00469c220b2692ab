#include "policy/json/json_beginning.h"

#include <string_view>

namespace headrace::policy {
namespace {

constexpr std::string_view kPassedOver("\0 \t\r\n", 5);
constexpr std::string_view kMarks = "\xEF\xBB\xBF\xFE\xFF";

}  // namespace

bool JsonBeginning::take(std::span<const std::byte> bytes) {
  for (const std::byte byte : bytes) {
    if (state_ == State::json || state_ == State::other) break;
    const char c = static_cast<char>(byte);
    if (kPassedOver.contains(c)) continue;
    if (state_ == State::in_object) {
      state_ = c == '"' ? State::json : State::other;
    } else if (c == '{') {
      state_ = State::in_object;
    } else if (!kMarks.contains(c)) {
      state_ = State::other;
    }
  }
  return state_ == State::json;
}

}  // namespace headrace::policy
