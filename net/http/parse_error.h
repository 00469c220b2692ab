// Why a message was refused: one enum, one line per error with the status and the words for the
// client (parse_error.cpp). Whatever the error, the connection that brought it is closed: after
// bytes that we do not understand we cannot know where the next message starts. Errors of upstream
// answers become 502 towards downstream; their words are for the log.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace headrace::net::http {

enum class ParseError : std::uint8_t {
  none,
  // the head as a whole
  head_too_large,
  line_too_long,
  request_line_too_long,
  too_many_fields,
  bare_cr,
  bare_lf,
  control_character,
  // the request line
  request_line,
  method,
  version_syntax,
  version_unsupported,
  method_not_allowed,
  // the target
  target_form,
  target_character,
  target_percent_encoding,
  target_fragment,
  path_dot_segment,
  path_empty_segment,
  path_encoded_character,
  target_authority,
  target_host_mismatch,
  // the status line
  status_line,
  status_code,
  switching_protocols,
  // fields
  field_name,
  field_name_disguised,
  field_colon_missing,
  field_space_before_colon,
  field_folded,
  field_repeated,
  host_missing,
  host_repeated,
  host_invalid,
  connection_options,
  expectation,
  // framing
  content_length_invalid,
  content_length_repeated,
  content_length_forbidden,
  transfer_encoding_invalid,
  transfer_encoding_unsupported,
  transfer_encoding_repeated,
  transfer_encoding_in_http_1_0,
  transfer_encoding_forbidden,
  length_and_transfer_encoding,
  // chunked bodies
  chunk_size,
  chunk_size_too_large,
  chunk_extension,
  chunk_extension_too_long,
  chunk_line_end,
  chunk_data_end,
  trailer_field,
  trailers_too_large,
};
inline constexpr std::size_t kParseErrors =
    static_cast<std::size_t>(ParseError::trailers_too_large) + 1;

struct ParseErrorText {
  std::uint16_t status = 400;  // of the answer when a request had this error
  std::string_view message;    // a sentence for the client; names nothing internal
};

const ParseErrorText& describe(ParseError error);

}  // namespace headrace::net::http
