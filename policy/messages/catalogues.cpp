#include "policy/messages/catalogues.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

#include "core/ascii.h"

namespace headrace::policy {
namespace {

// Room that is filled from its front and never overrun.
class Room {
 public:
  explicit Room(std::span<char> out) : out_(out) {}

  void add(std::string_view text) {
    const std::size_t size = std::min(text.size(), out_.size() - size_);
    std::memcpy(out_.data() + size_, text.data(), size);
    size_ += size;
    if (size < text.size()) cut_ = true;
  }
  // Cut inside of a character, that goes too.
  [[nodiscard]] std::string_view text() const {
    std::size_t size = size_;
    if (cut_) {
      while (size > 0 && (static_cast<unsigned char>(out_[size - 1]) & 0xC0U) == 0x80)
        --size;
      if (size > 0 && (static_cast<unsigned char>(out_[size - 1]) & 0x80U) != 0) --size;
    }
    return {out_.data(), size};
  }

 private:
  std::span<char> out_;
  std::size_t size_ = 0;
  bool cut_ = false;
};

}  // namespace

std::optional<Language> Catalogues::find(std::string_view tag) const {
  const std::string_view wanted = tag.substr(0, tag.find('-'));
  for (std::size_t i = 0; i < catalogues_.size(); ++i) {
    const bool same = std::ranges::equal(wanted, text(catalogues_[i].language),
                                         [](char a, char b) { return core::to_lower(a) == b; });
    if (same) return static_cast<Language>(i);
  }
  return std::nullopt;
}

std::string_view Catalogues::pattern(Language language, const Message& message) const {
  const Catalogue& catalogue = catalogues_[static_cast<std::size_t>(language)];
  const MessageText& forms = texts_[catalogue.texts.first + static_cast<std::size_t>(message.id)];
  if (row(message.id).counted == Counted::no) return text(forms.one);
  const std::uint64_t count = message.arguments[0].number();
  const bool singular =
      count == 1 || (count == 0 && catalogue.plural == PluralRule::zero_too_is_singular);
  return text(singular ? forms.one : forms.many);
}

std::string_view Catalogues::write(Language language, const Message& message,
                                   std::span<char> out) const {
  Room room(out);
  std::string_view rest = pattern(language, message);
  for (;;) {
    const std::size_t brace = rest.find('{');
    room.add(rest.substr(0, brace));
    if (brace == rest.npos) return room.text();
    // {0}: the judge of the base saw to the digit and the brace behind it.
    const MessageArgument& argument =
        message.arguments[static_cast<std::size_t>(rest[brace + 1] - '0')];
    rest.remove_prefix(brace + 3);
    switch (argument.kind()) {
      case MessageArgument::Kind::none:
        break;
      case MessageArgument::Kind::text:
        room.add(argument.text());
        break;
      case MessageArgument::Kind::number: {
        std::array<char, 20> digits;
        const auto end =
            std::to_chars(digits.data(), digits.data() + digits.size(), argument.number());
        room.add({digits.data(), end.ptr});
        break;
      }
      case MessageArgument::Kind::message:
        // A word or two, without places of its own.
        room.add(pattern(language, Message(argument.message())));
        break;
    }
  }
}

}  // namespace headrace::policy
