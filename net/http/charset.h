// In which encoding a body's text is to be read, as its Content-Type says.
//
// JSON is UTF-8 (RFC 8259 section 8.1) and has no charset; but there are servers that heed one all
// the same, and UTF-7 or UTF-16 make another text of the same bytes. What was judged as UTF-8 must
// not be read otherwise by whom it is sent on to.
#pragma once

#include <string_view>

namespace headrace::net::http {

// Names no charset, or UTF-8. Where that could be read in two ways: false.
[[nodiscard]] bool reads_as_utf8(std::string_view content_type);

}  // namespace headrace::net::http
