// The catalogues as a config base holds them: so that they can be replaced without the program.
//
//   catalogues       one row a language, those that a tenant may choose first, in that order
//     | texts
//     v
//   message_texts    kMessageCount rows a catalogue, in the order of MessageId
//
// Invariants (judged when a base is opened): every text lies inside, holds no control characters,
//             and has the same places {0}, {1} ... as the English one.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "policy/config/row_values.h"
#include "policy/config/scope_layout.h"

namespace headrace::policy {

// Which of the two forms a number takes. More forms than two have no language here.
enum class PluralRule : std::uint8_t {
  one_is_singular,       // English, German, Spanish
  zero_too_is_singular,  // French
};

struct Catalogue {
  config::TextRef language;  // "en": two or three small letters
  config::RowRange texts;    // in message_texts
  PluralRule plural;
  std::uint8_t reserved[7];
};
struct MessageText {
  config::TextRef one;   // the only form of what is not counted
  config::TextRef many;  // empty with Counted::no
};

// In the order of config::Language.
inline constexpr std::array<std::string_view, 4> kTenantLanguages = {"en", "de", "fr", "es"};
static_assert(static_cast<std::size_t>(config::Language::spanish) + 1 == kTenantLanguages.size());

inline constexpr std::size_t kCataloguesMax = 16;
inline constexpr std::size_t kMessageTextBytesMax = 320;

}  // namespace headrace::policy
