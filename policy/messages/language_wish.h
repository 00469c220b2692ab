// Which language a client would like to be answered in.
//
// Accept-Language (RFC 9110, section 12.5.4) is a list of language ranges with qualities:
// "de-CH, fr;q=0.8, *;q=0.1". A range means the catalogue of its first subtag, as the look-up of
// RFC 4647, section 3.4, finds it by shortening the range. "de;q=0" refuses German; "*" stands for
// every language that no other range means. Among equals the one that stands first goes first, and
// a named one before "*". An element that is not well-formed is passed over, as if it were not
// there; so is what stands behind the 32nd.
//
// An answer there is in any case (RFC 9110 allows that): without an acceptable language the caller
// gets the tenant's, and without that English.
//
// Threads: a value; pure. Does not allocate; keeps nothing of the field.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "policy/messages/catalogues.h"

namespace headrace::policy {

class LanguageWish {
 public:
  static constexpr std::size_t kRangesMax = 32;

  LanguageWish() = default;
  // Of the value of an Accept-Language field.
  LanguageWish(const Catalogues& catalogues, std::string_view accept_language);
  // Of `?lang=`: this one and no other. Nothing where there is no such catalogue.
  static std::optional<LanguageWish> named(const Catalogues& catalogues, std::string_view tag);

  // What it comes to, for a caller whose tenant has this language.
  [[nodiscard]] Language choose(const Catalogues& catalogues, Language fallback) const;

 private:
  explicit LanguageWish(Language language) : language_(language), is_named_(true) {}

  Language language_ = Language::english;
  bool is_named_ = false;        // `language_` is wanted
  bool any_other_ = false;       // "*" is wanted more than any that is named
  std::uint16_t mentioned_ = 0;  // by any range but "*": a bit a catalogue
  static_assert(kCataloguesMax <= 16);
};

}  // namespace headrace::policy
