// Reads a catalogue as msgfmt compiles it (GNU gettext's MO file, little-endian, revision 0):
//
//   magic | revision | count | originals at | translations at | hash size | hash at
//   originals, translations: count x (bytes, offset); each text ends with a NUL that is not counted
//   original:    context \4 English [\0 English of many]
//   translation: one [\0 many];  the one with the empty original is the header
//
// Strict: a file that lacks a message, has one that nobody says, forms that do not fit, or places
// ({0}, {1} ...) that differ from the English ones is refused.
//
// Lifetime: what is read borrows the file's bytes.
#pragma once

#include <cstddef>
#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "policy/messages/catalogue_layout.h"
#include "policy/messages/message_id.h"

namespace headrace::policy {

struct CatalogueText {
  std::string_view one;
  std::string_view many;  // empty with Counted::no
};

struct CatalogueFile {
  std::string_view language;
  PluralRule plural = PluralRule::one_is_singular;
  std::vector<CatalogueText> english;  // both in the order of MessageId
  std::vector<CatalogueText> texts;
};

inline constexpr std::size_t kCatalogueFileBytesMax = std::size_t{1} << 20U;

// Refused in words for whoever made the file.
[[nodiscard]] std::expected<CatalogueFile, std::string> read_catalogue(
    std::span<const std::byte> file);

// Which places a text has, a bit each; nothing where a brace is no part of one.
[[nodiscard]] std::expected<unsigned, std::string> places_of(std::string_view text);

}  // namespace headrace::policy
