#include "tests/sim/actor_words.h"

#include <charconv>

#include <fmt/format.h>

namespace headrace::sim {

std::string chat_request(std::string_view key, std::string_view body,
                         std::string_view more_fields) {
  const std::string credential =
      key.empty() ? std::string() : fmt::format("Authorization: Bearer {}\r\n", key);
  return fmt::format(
      "POST /v1/chat/completions HTTP/1.1\r\nHost: gateway\r\n{}{}Content-Length: {}\r\n\r\n{}",
      credential, more_fields, body.size(), body);
}

std::string json_answer(std::string_view status, std::string_view body) {
  return fmt::format(
      "HTTP/1.1 {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{}", status,
      body.size(), body);
}

std::string chat_completion(std::string_view id, std::string_view content) {
  return fmt::format(
      R"({{"id":"{}","choices":[{{"message":{{"content":"{}"}},"finish_reason":"stop"}}],)"
      R"("usage":{{"prompt_tokens":3,"completion_tokens":5,"total_tokens":8}}}})",
      id, content);
}

std::uint32_t number_behind(std::string_view text, std::string_view mark) {
  std::uint32_t number = UINT32_MAX;
  if (const std::size_t at = text.find(mark); at != std::string_view::npos) {
    const char* first = text.data() + at + mark.size();
    std::from_chars(first, text.data() + text.size(), number);
  }
  return number;
}

}  // namespace headrace::sim
