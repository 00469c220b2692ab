// What the strings of a request's JSON announce by their first bytes: media, messages, tools that a
// provider runs by itself, and what clients fill as they like.
//
// A head is the eight bytes behind a string's opening quote as they stand there, the first one
// lowest; what lies behind the closing quote is not looked at.
//
// Threads: pure functions.
#pragma once

#include <cstdint>
#include <string_view>

namespace headrace::policy {

enum class Announced : std::uint8_t {
  nothing,
  message,    // key: role
  media,      // key whose string may be base64
  mime_type,  // key: what the media beside it are (Gemini)
  image,      // given as it is, or by its address
  audio,      //
  document,   //
  reference,  // media of unknown size, kept elsewhere
  search,     // a tool that the provider runs, and charges for each time
  free_form,  // key: what a tool is called with, or answers; or one that is written with escapes
};

[[nodiscard]] Announced announced_by_key(std::uint64_t head);
[[nodiscard]] Announced announced_by_value(std::uint64_t head);
// Of the value of a `mime_type`: `document`, `audio` or nothing.
[[nodiscard]] Announced announced_by_mime_type(std::uint64_t head);

// The head of a string that begins so.
[[nodiscard]] constexpr std::uint64_t string_head(std::string_view begin) {
  std::uint64_t head = 0;
  for (std::size_t i = 0; i < begin.size() && i < 8; ++i) {
    head |= static_cast<std::uint64_t>(static_cast<unsigned char>(begin[i])) << 8 * i;
  }
  return head;
}

}  // namespace headrace::policy
