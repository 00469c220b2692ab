// What a text looks like to a tokenizer, in counts that can be had without a table of its words.
//
// Tokenizers cut a text into runs of letters (with the space before them), of up to three digits,
// of punctuation and of white space, and then words into pieces: a long or odd word becomes more of
// them. So the runs and the letters far into one tell most of how many tokens there will be.
#pragma once

#include <cstdint>

namespace headrace::policy {

struct TextCounts {
  std::uint32_t words = 0;           // runs of letters
  std::uint32_t letters_past_4 = 0;  // letters with at least four letters before them in their run
  std::uint32_t capitals = 0;        // words that begin with one
  std::uint32_t digit_runs = 0;
  std::uint32_t digits_past_3 = 0;
  std::uint32_t spaced_digits = 0;  // digit runs behind a space
  std::uint32_t marks = 0;          // all else that is ASCII
  std::uint32_t mark_runs = 0;
  std::uint32_t wide_gaps = 0;    // runs of two spaces or more
  std::uint32_t line_ends = 0;    // runs of them
  std::uint32_t high_bytes = 0;   // of characters beyond ASCII
  std::uint32_t code_points = 0;  // written as \u escapes

  std::uint32_t messages = 0;
  std::uint32_t images = 0;
  std::uint32_t audios = 0;
  std::uint32_t documents = 0;
  std::uint32_t references = 0;  // media that are kept elsewhere
  std::uint32_t searches = 0;    // tools that the provider runs by itself
  // ASCII letters written as escapes. No library does so; what they spell may be any of these.
  std::uint32_t hidden = 0;

  std::uint64_t text_bytes = 0;  // in strings, without media
  // Outside of strings, and read by the model all the same: what stands in what is free of form,
  // and numbers in arrays (prompts that are given as tokens).
  std::uint64_t bare_bytes = 0;
  std::uint64_t media_bytes = 0;    // in long runs of base64
  std::uint32_t media_strings = 0;  // that have such runs
};

}  // namespace headrace::policy
