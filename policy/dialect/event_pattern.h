// Recognises, without parsing, an event that differs from an earlier one in the model's text only.
//
// Nearly all events of a stream are like the one before them but for a few strings:
//
//   data: {"id":"c1","choices":[{"delta":{"content":" Hello"}}],"obfuscation":"aX3"}
//   |--------------- kept ----------------------|hole |------ kept ---------|hole| kept
//
// An event is like it when all that is kept stands there byte for byte and each hole holds a string
// without unescaped quote or control character (or digits, where it held a number). Its structure
// is the earlier one's then, whatever the model wrote. Of strings that mean nothing here those
// become holes that were seen to differ from one event to the next.
//
// Threads:    plain data of one stream; about 500 bytes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace headrace::policy {

struct EventHole {
  enum class Kind : std::uint8_t {
    output,  // a string of the model's output
    text,    // another string
    number,  // digits
    maybe,   // a string that nobody wants: kept, until it was seen to differ
  };
  Kind kind = Kind::text;
  std::uint32_t begin = 0;  // in the event: the first byte between the quotes, or the first digit
  std::uint32_t end = 0;
};

class EventPattern {
 public:
  static constexpr std::size_t kKeptBytesMax = 400;
  static constexpr std::size_t kHolesMax = 6;
  static constexpr std::size_t kMaybeMax = 12;

  // Takes the event for the pattern, its empty line included, unless it is too long or has too many
  // holes. Holes are sorted and apart, at most kMaybeMax of them `maybe`.
  void learn(std::string_view event, std::span<const EventHole> holes);
  void forget() { kept_size_ = 0; }

  struct Match {
    std::size_t size = 0;  // of the event
    std::uint32_t output_bytes = 0;
    std::int64_t number = -1;  // that of the last hole for one; -1: there is none
  };
  // Whether `text` begins with a whole event like that.
  [[nodiscard]] std::optional<Match> match(std::string_view text) const;

 private:
  struct Kept {
    std::uint16_t begin = 0;  // in kept_
    std::uint16_t size = 0;
  };
  void compare_maybes(std::string_view event, std::span<const EventHole> holes);

  std::uint16_t kept_size_ = 0;  // 0: nothing was learned
  std::uint8_t hole_count_ = 0;
  std::array<EventHole::Kind, kHolesMax> kinds_{};
  std::array<std::uint16_t, kHolesMax> places_{};  // in kept_: before which byte the hole stands
  std::uint8_t maybe_count_ = 0;
  std::uint16_t differing_ = 0;          // bit per `maybe`: it is a hole
  std::array<Kept, kMaybeMax> maybe_{};  // those that are not
  std::array<char, kKeptBytesMax> kept_{};
};

}  // namespace headrace::policy
