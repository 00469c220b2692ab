// Fields of a head that the edges read, held against regular expressions: traceparent (W3C Trace
// Context) and Forwarded (RFC 7239). The input is the field's value.
#include <array>
#include <cstdint>
#include <regex>
#include <string>

#include "net/http/forwarded.h"
#include "net/http/trace_parent.h"
#include "tests/fuzz/fuzz_check.h"

namespace headrace::fuzz {
namespace {

bool is_trace_parent(const std::string& text) {
  static const std::regex form(
      "(00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}|"
      "(?!00|ff)[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}(-[^]*)?)");
  return std::regex_match(text, form) && text.substr(3, 32) != std::string(32, '0') &&
         text.substr(36, 16) != std::string(16, '0');
}

bool is_forwarded(const std::string& text) {
  static const std::string token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
  static const std::string pair = token + "=(" + token + R"re(|"([^"\\]|\\[^])*"))re";
  // None of the parts can be matched in two ways: the search would not end.
  static const std::string rest = ";(" + pair + ")?";
  static const std::string element = "(" + pair + "(" + rest + ")*|(" + rest + ")+)";
  static const std::string member = "[ \t]*(" + element + "[ \t]*)?";
  static const std::regex form(member + "(," + member + ")*");
  static const std::regex any(pair);
  return std::regex_match(text, form) && std::regex_search(text, any);
}

}  // namespace
}  // namespace headrace::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace headrace;
  if (size > 512) return 0;  // the expressions recurse
  const std::string text(reinterpret_cast<const char*>(data), size);
  FUZZ_CHECK(net::http::is_forwarded(text) == fuzz::is_forwarded(text));
  const bool traced = net::http::is_trace_parent(text);
  FUZZ_CHECK(traced == fuzz::is_trace_parent(text));
  if (traced) {
    std::array<char, net::http::kTraceParentBytes> room;
    const std::string_view next = net::http::continue_trace(text, 7, room);
    FUZZ_CHECK(net::http::is_trace_parent(next));
    FUZZ_CHECK(next.substr(2, 33) == text.substr(2, 33) && next.ends_with(text.substr(52, 3)));
  }
  return 0;
}
