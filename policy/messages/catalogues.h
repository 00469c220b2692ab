// The messages of an opened base, in all its languages.
//
// Threads:    a value; many threads may read. Lives no longer than its base.
// Invariants: catalogue_layout.h; English is there, and is the first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "policy/messages/catalogue_layout.h"
#include "policy/messages/message.h"

namespace headrace::policy {

// A catalogue by its number in the base.
enum class Language : std::uint8_t { english = 0 };

// Of a tenant's users, where they ask for none: the base has the catalogues of config::Language, in
// that order, before any others.
constexpr Language language_of(const config::Tenant& tenant) {
  return static_cast<Language>(tenant.language);
}

class Catalogues {
 public:
  Catalogues() = default;
  Catalogues(std::span<const Catalogue> catalogues, std::span<const MessageText> texts,
             std::span<const char> strings)
      : catalogues_(catalogues), texts_(texts), strings_(strings) {}

  [[nodiscard]] std::size_t size() const { return catalogues_.size(); }
  // "de".
  [[nodiscard]] std::string_view tag(Language language) const {
    return text(catalogues_[static_cast<std::size_t>(language)].language);
  }
  // The catalogue of a language tag: of "de-CH" that of "de" (RFC 4647, section 3.4).
  [[nodiscard]] std::optional<Language> find(std::string_view tag) const;

  // Writes what is said into `out`; what does not fit is cut, at a character.
  [[nodiscard]] std::string_view write(Language language, const Message& message,
                                       std::span<char> out) const;

 private:
  [[nodiscard]] std::string_view text(config::TextRef ref) const {
    return {strings_.data() + ref.offset, ref.bytes};
  }
  [[nodiscard]] std::string_view pattern(Language language, const Message& message) const;

  std::span<const Catalogue> catalogues_;
  std::span<const MessageText> texts_;
  std::span<const char> strings_;
};

}  // namespace headrace::policy
