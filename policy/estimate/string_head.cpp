#include "policy/estimate/string_head.h"

#include <algorithm>
#include <bit>
#include <span>

namespace headrace::policy {
namespace {

struct Row {
  std::uint64_t head;
  std::uint64_t mask;
  Announced announced;
};

// A quote at the end of `begin` is the string's closing one.
constexpr Row row(std::string_view begin, Announced announced) {
  const std::uint64_t mask =
      begin.size() >= 8 ? ~std::uint64_t{0} : (std::uint64_t{1} << 8 * begin.size()) - 1;
  return {string_head(begin), mask, announced};
}

constexpr Row kKeys[] = {
    row("role\"", Announced::message),
    row("url\"", Announced::media),
    row("data\"", Announced::media),
    row("image_url", Announced::media),
    row("file_data", Announced::media),
    // Gemini: a part is what its key says, and media what their type says.
    row("mimeType", Announced::mime_type),
    row("mime_typ", Announced::mime_type),
    row("inlineData", Announced::image),
    row("inline_data", Announced::image),
    row("fileData\"", Announced::reference),
    row("file_uri", Announced::reference),
    row("googleSearch", Announced::search),
    row("google_search", Announced::search),
    row("urlContext", Announced::search),
    row("url_context", Announced::search),
    row("input\"", Announced::free_form),
    row("args\"", Announced::free_form),
    row("arguments", Announced::free_form),
    row("response", Announced::free_form),
};
// What a provider bills by its pages or its length. A film is bounded as a document is.
constexpr Row kMimeTypes[] = {
    row("applicat", Announced::document),
    row("video/", Announced::document),
    row("audio/", Announced::audio),
};
constexpr Row kValues[] = {
    row("image_url", Announced::image),         row("image\"", Announced::image),
    row("input_image", Announced::image),       row("input_audio", Announced::audio),
    row("file\"", Announced::document),         row("input_file", Announced::document),
    row("document", Announced::document),       row("web_search", Announced::search),
    row("web_fetch", Announced::search),        row("file_search", Announced::search),
    row("code_interpreter", Announced::search), row("image_generation", Announced::search),
    row("computer", Announced::search),         row("mcp\"", Announced::search),
};

Announced find(std::span<const Row> rows, std::uint64_t head) {
  const auto found =
      std::ranges::find_if(rows, [head](const Row& row) { return (head & row.mask) == row.head; });
  return found == rows.end() ? Announced::nothing : found->announced;
}

// The topmost bit of each byte that is `wanted`; that of the first one is right in any case.
constexpr std::uint64_t bytes_that_are(std::uint64_t head, char wanted) {
  constexpr std::uint64_t kOnes = 0x0101'0101'0101'0101;
  const std::uint64_t zero_where_equal = head ^ kOnes * static_cast<unsigned char>(wanted);
  return (zero_where_equal - kOnes) & ~zero_where_equal & kOnes << 7U;
}

// No client's library writes its keys so. Who does may mean any of them.
constexpr bool is_escaped(std::uint64_t head) {
  const std::uint64_t backslashes = bytes_that_are(head, '\\');
  if (backslashes == 0) [[likely]]
    return false;
  const std::uint64_t quotes = bytes_that_are(head, '"');
  return std::countr_zero(backslashes) < std::countr_zero(quotes);
}

constexpr bool begins_with_one_of(std::uint64_t head, std::string_view letters) {
  return letters.find(static_cast<char>(head & 0xFF)) != std::string_view::npos;
}

}  // namespace

// Most strings are told by their first letter to announce nothing.
Announced announced_by_key(std::uint64_t head) {
  if (is_escaped(head)) return Announced::free_form;
  return begins_with_one_of(head, "rudifgam") ? find(kKeys, head) : Announced::nothing;
}

Announced announced_by_value(std::uint64_t head) {
  return begins_with_one_of(head, "ifdwcm") ? find(kValues, head) : Announced::nothing;
}

Announced announced_by_mime_type(std::uint64_t head) {
  return find(kMimeTypes, head);
}

}  // namespace headrace::policy
