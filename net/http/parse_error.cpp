#include "net/http/parse_error.h"

#include <array>

namespace headrace::net::http {

namespace {

// In the order of ParseError.
constexpr std::array<ParseErrorText, kParseErrors> kTexts = {{
    {200, "No error."},
    {431, "The request head is too large."},
    {431, "A header line is too long."},
    {414, "The request line is too long."},
    {431, "The request has too many header fields."},
    {400, "A carriage return stands alone in the head."},
    {400, "A line of the head ends without a carriage return."},
    {400, "The head contains a control character."},
    {400, "The request line must be a method, a target and a version, with one space between."},
    {400, "The method is not a token."},
    {400, "The version in the request line is malformed."},
    {505, "Only HTTP/1.1 and HTTP/1.0 are supported here."},
    {405, "This method is not allowed."},
    {400, "The request target has no form that is valid for this method."},
    {400, "The request target contains a character that is not allowed there."},
    {400, "A percent-encoding in the request target is malformed or not allowed."},
    {400, "A request target must not have a fragment."},
    {400, "The path must not contain dot segments."},
    {400, "The path must not contain empty segments."},
    {400, "The path must not percent-encode this character."},
    {400, "The authority of the request target is invalid."},
    {400, "The request target and the Host field name different hosts."},
    {400, "The status line is malformed."},
    {400, "The status code is invalid."},
    {400, "Protocols were switched though nobody asked for it."},
    {400, "A field name is empty or contains a character that is not allowed there."},
    {400, "A field name differs from a standard one only by an underscore."},
    {400, "A header line has no colon."},
    {400, "There is white space between a field name and its colon."},
    {400, "A header line starts with white space; folded lines are not accepted."},
    {400, "A field that may appear only once is repeated."},
    {400, "The Host field is missing."},
    {400, "The Host field is repeated."},
    {400, "The Host field is invalid."},
    {400, "The Connection field is malformed or has too many options."},
    {417, "Only the expectation 100-continue is supported."},
    {400, "The Content-Length field is not a valid length."},
    {400, "The Content-Length field is repeated."},
    {400, "This status must not come with a Content-Length."},
    {400, "The Transfer-Encoding field is invalid."},
    {501, "No transfer coding but chunked is supported."},
    {400, "The Transfer-Encoding field is repeated."},
    {400, "HTTP/1.0 has no Transfer-Encoding."},
    {400, "This status must not come with a Transfer-Encoding."},
    {400, "Content-Length and Transfer-Encoding exclude each other."},
    {400, "A chunk size is malformed."},
    {400, "A chunk size has too many digits."},
    {400, "A chunk extension contains a control character."},
    {400, "The chunk extensions are too long."},
    {400, "A chunk-size line does not end in CRLF."},
    {400, "A chunk's data does not end in CRLF."},
    {400, "A trailer field is malformed."},
    {431, "The trailer fields are too large."},
}};

constexpr bool all_have_words() {
  for (const ParseErrorText& text : kTexts) {
    if (text.message.empty()) return false;
  }
  return true;
}
static_assert(all_have_words(), "an error has no line in kTexts");

}  // namespace

const ParseErrorText& describe(ParseError error) {
  return kTexts[static_cast<std::size_t>(error)];
}

}  // namespace headrace::net::http
