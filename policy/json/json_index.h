// Finds where the tokens of a JSON text begin: 64 bytes at a step, without a branch per byte.
//
// The walker (policy/json/json_walker.h) reads the result; nothing else needs this. What is found:
//
//   {"a\"b": [12, true]}
//   ^^    ^^ ^^ ^ ^   ^^     brackets, colons, commas, both quotes of each string, and the first
//                            byte of everything else that stands outside strings
//
// Quotes are told from escaped quotes. If asked to be strict, escapes are judged (RFC 8259 section
// 7), and so are control characters in strings; else control characters count as white space. State
// is carried from one run to the next, so runs may end anywhere. The bit tricks are those of
// Langdale and Lemire, "Parsing Gigabytes of JSON per Second" (2019).
//
// Padding:    none needed.
#pragma once

#include <cstddef>
#include <cstdint>

namespace headrace::policy {

// Bytes indexed at once: the index of one run lies on the stack.
inline constexpr std::size_t kJsonRunBytesMax = 2048;
// Room for the offsets of one run: a byte is at most one token, and up to 32 are written at a time.
inline constexpr std::size_t kJsonRunTokensMax = kJsonRunBytesMax + 32;

struct JsonIndexState {
  bool strict = true;
  const char* fault = nullptr;  // the first byte that cannot stand in a string
  const char* fault_reason = "";
  bool in_string = false;
  bool escape = false;           // the last byte was a backslash that escapes the next one
  bool in_scalar = false;        // the last byte was part of a number, a word, or junk
  std::uint8_t hex_pending = 0;  // bit n: n bytes on, a hex digit of a \u escape must stand
  bool non_ascii = false;        // a byte above 0x7F was seen, or not looked for; for the user to
                                 // clear
  bool escapes = false;          // a backslash was seen; for the user to clear
};

// Writes the offsets of the tokens in [text, text + size) and returns how many there are. `size` is
// at most kJsonRunBytesMax; `end` is the end of what may be read (runs of one slice lie side by
// side). At a fault the index is not complete: what stands before it is to be indexed again.
[[nodiscard]] std::size_t index_json(const char* text, std::size_t size, const char* end,
                                     JsonIndexState& state, std::uint16_t* offsets);

// The same with the instructions that every processor of the architecture has.
[[nodiscard]] std::size_t index_json_baseline(const char* text, std::size_t size, const char* end,
                                              JsonIndexState& state, std::uint16_t* offsets);

}  // namespace headrace::policy
