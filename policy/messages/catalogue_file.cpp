#include "policy/messages/catalogue_file.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "policy/json/utf8_check.h"
#include "policy/messages/message.h"

namespace headrace::policy {
namespace {

constexpr std::uint32_t kMagic = 0x950412de;
constexpr std::size_t kHeaderBytes = 28;
constexpr std::size_t kPairBytes = 8;
constexpr char kContextEnd = '\4';

constexpr std::string_view kOneIsSingular = "nplurals=2; plural=(n != 1);";
constexpr std::string_view kZeroTooIsSingular = "nplurals=2; plural=(n > 1);";

std::unexpected<std::string> refused(std::string_view why, std::string_view which = {}) {
  std::string text = "the message catalogue is not usable: ";
  text.append(why);
  if (!which.empty()) text.append(": ").append(which);
  return std::unexpected(std::move(text));
}

// What a header of a catalogue says behind "Name: ", up to the line's end.
std::string_view header_line(std::string_view header, std::string_view name) {
  while (!header.empty()) {
    const std::string_view line = header.substr(0, header.find('\n'));
    header.remove_prefix(std::min(header.size(), line.size() + 1));
    if (line.starts_with(name) && line.substr(name.size()).starts_with(": ")) {
      return line.substr(name.size() + 2);
    }
  }
  return {};
}

std::optional<MessageId> find_message(std::string_view message_name) {
  for (std::size_t i = 0; i < kMessageCount; ++i) {
    if (name(static_cast<MessageId>(i)) == message_name) return static_cast<MessageId>(i);
  }
  return std::nullopt;
}

class Reader {
 public:
  explicit Reader(std::span<const std::byte> file)
      : file_(reinterpret_cast<const char*>(file.data()), file.size()) {
    read_.english.resize(kMessageCount);
    read_.texts.resize(kMessageCount);
  }

  std::expected<CatalogueFile, std::string> read() {
    if (file_.size() < kHeaderBytes || file_.size() > kCatalogueFileBytesMax) {
      return refused("its size is impossible");
    }
    if (word(0) != kMagic || word(4) != 0) return refused("it is no MO file of revision 0");
    const std::uint32_t count = word(8);
    if (count != kMessageCount + 1) return refused("it has more or fewer messages than there are");
    for (std::uint32_t i = 0; i < count; ++i) {
      const auto original = text_at(word(12), i);
      const auto translation = text_at(word(16), i);
      if (!original || !translation) return refused("a text lies outside");
      if (!is_utf8(*translation)) return refused("a text is not UTF-8");
      const auto taken =
          original->empty() ? take_header(*translation) : take_message(*original, *translation);
      if (!taken) return std::unexpected(taken.error());
    }
    if (read_.language.empty()) return refused("it has no header");
    return std::move(read_);
  }

 private:
  using Taken = std::expected<void, std::string>;

  [[nodiscard]] std::uint32_t word(std::size_t at) const {
    std::uint32_t value = 0;
    for (unsigned i = 0; i < 4; ++i) {
      value |= std::uint32_t{static_cast<unsigned char>(file_[at + i])} << (8 * i);
    }
    return value;
  }

  // The text of entry `i` of a table, if it lies inside and ends as it should.
  [[nodiscard]] std::optional<std::string_view> text_at(std::size_t table, std::size_t i) const {
    const std::size_t pair = table + i * kPairBytes;
    if (pair > file_.size() || file_.size() - pair < kPairBytes) return std::nullopt;
    const std::size_t bytes = word(pair);
    const std::size_t at = word(pair + 4);
    if (at > file_.size() || file_.size() - at <= bytes) return std::nullopt;
    if (file_[at + bytes] != '\0') return std::nullopt;
    return file_.substr(at, bytes);
  }

  [[nodiscard]] static bool is_utf8(std::string_view text) {
    Utf8Check check;
    return !check.feed(text) && !check.inside_character();
  }

  Taken take_header(std::string_view header) {
    if (!read_.language.empty()) return refused("it has two headers");
    read_.language = header_line(header, "Language");
    const bool is_tag =
        (read_.language.size() == 2 || read_.language.size() == 3) &&
        read_.language.find_first_not_of("abcdefghijklmnopqrstuvwxyz") == std::string_view::npos;
    if (!is_tag) return refused("its language is not two or three small letters");
    if (header_line(header, "Content-Type") != "text/plain; charset=UTF-8") {
      return refused("it is not in UTF-8");
    }
    const std::string_view plural = header_line(header, "Plural-Forms");
    if (plural == kOneIsSingular) {
      read_.plural = PluralRule::one_is_singular;
    } else if (plural == kZeroTooIsSingular) {
      read_.plural = PluralRule::zero_too_is_singular;
    } else {
      return refused("its plural forms are none that are known", plural);
    }
    return {};
  }

  Taken take_message(std::string_view original, std::string_view translation) {
    const std::size_t context_end = original.find(kContextEnd);
    if (context_end == original.npos) return refused("a message has no name", original);
    const std::string_view message_name = original.substr(0, context_end);
    const auto id = find_message(message_name);
    if (!id) return refused("nobody says a message of this name", message_name);
    CatalogueText& text = read_.texts[static_cast<std::size_t>(*id)];
    if (!text.one.empty()) return refused("a message stands twice", message_name);
    CatalogueText& english = read_.english[static_cast<std::size_t>(*id)];
    if (!split(*id, original.substr(context_end + 1), english) || !split(*id, translation, text)) {
      return refused("a message is empty, too long, or has the wrong number of forms",
                     message_name);
    }
    return judge_places(*id, english, text);
  }

  static bool split(MessageId id, std::string_view text, CatalogueText& into) {
    const std::size_t end = text.find('\0');
    into.one = text.substr(0, end);
    into.many = end == text.npos ? std::string_view() : text.substr(end + 1);
    const bool counted = row(id).counted == Counted::yes;
    if (into.one.empty() || into.one.size() > kMessageTextBytesMax) return false;
    if (!counted) return end == text.npos;
    return !into.many.empty() && into.many.size() <= kMessageTextBytesMax &&
           into.many.find('\0') == into.many.npos;
  }

  static Taken judge_places(MessageId id, const CatalogueText& english, const CatalogueText& text) {
    const auto wanted = places_of(english.one);
    for (const std::string_view form : {english.one, english.many, text.one, text.many}) {
      if (form.empty()) continue;
      const auto places = places_of(form);
      if (!places) return std::unexpected(places.error());
      if (*places != *wanted) return refused("the places of a message differ", name(id));
    }
    const bool has_count = (*wanted & 1U) != 0;
    if (row(id).counted == Counted::yes && !has_count) {
      return refused("a counted message does not say its count", name(id));
    }
    return {};
  }

  std::string_view file_;
  CatalogueFile read_;
};

}  // namespace

std::expected<unsigned, std::string> places_of(std::string_view text) {
  unsigned places = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '}') return refused("a closing brace stands alone", text);
    if (text[i] != '{') continue;
    const bool whole = i + 2 < text.size() && text[i + 2] == '}' && text[i + 1] >= '0' &&
                       text[i + 1] < static_cast<char>('0' + kMessageArgumentsMax);
    if (!whole) return refused("a brace opens no place", text);
    places |= 1U << static_cast<unsigned>(text[i + 1] - '0');
    i += 2;
  }
  return places;
}

std::expected<CatalogueFile, std::string> read_catalogue(std::span<const std::byte> file) {
  return Reader(file).read();
}

}  // namespace headrace::policy
