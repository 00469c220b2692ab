// Answers that no honest server sends, byte for byte: for testing what a gateway makes of them.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace headrace::tools::mock {

enum class Hostile : std::uint8_t {
  none,
  length_and_chunked,
  two_lengths,
  equal_lengths,
  length_negative,
  length_plus,
  length_overflow,
  length_empty,
  length_list,
  encoding_unknown,
  encoding_twice,
  encoding_not_last,
  chunked_http_1_0,
  chunk_size_bad,
  chunk_size_overflow,
  chunk_size_negative,
  chunk_size_space,
  chunk_no_crlf,
  chunk_bare_lf,
  chunk_extension_cr,
  chunk_extension_huge,
  chunk_no_end,
  trailer_framing,
  trailer_huge,
  length_short_body,
  http_0_9,
  http_2_line,
  status_switch_101,
  status_099,
  status_two_digits,
  status_no_reason,
  status_interim_end,
  line_bare_lf,
  line_bare_cr,
  header_no_colon,
  header_space_before_colon,
  header_empty_name,
  header_nul,
  header_fold,
  header_space_first,
  head_huge,
  header_huge,
  headers_many,
  head_cut,
  garbage,
  answer_twice,
  answer_no_body_204,
  answer_body_304,
};

struct HostileAnswer {
  Hostile kind;
  std::string_view name;     // as the setting takes it
  std::string_view meaning;  // for the help text
  bool closes;               // the connection ends after the answer
};

std::span<const HostileAnswer> hostile_answers();
const HostileAnswer* find_hostile(std::string_view name);
const HostileAnswer& hostile_answer(Hostile kind);

// The whole answer, head and body, appended. `body` is what an honest answer would have carried.
void put_hostile_answer(std::string& out, Hostile kind, std::string_view body);

}  // namespace headrace::tools::mock
