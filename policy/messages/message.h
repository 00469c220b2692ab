// One thing said: which message, and what stands in its places.
//
// Lifetime: borrows the texts of its arguments.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "policy/messages/message_id.h"

namespace headrace::policy {

// A text, a number, or another message (said in the same language). Converts by itself, so that
// what is said reads as a sentence: {MessageId::limit_requests, 10, MessageId::window_minute}.
class MessageArgument {
 public:
  enum class Kind : std::uint8_t { none, text, number, message };

  constexpr MessageArgument() = default;
  constexpr MessageArgument(std::string_view text) : kind_(Kind::text), text_(text) {}
  constexpr MessageArgument(const char* text) : kind_(Kind::text), text_(text) {}
  template <std::unsigned_integral Number>
  constexpr MessageArgument(Number number) : kind_(Kind::number), number_(number) {}
  constexpr MessageArgument(MessageId id)
      : kind_(Kind::message), number_(static_cast<std::uint64_t>(id)) {}

  [[nodiscard]] constexpr Kind kind() const { return kind_; }
  [[nodiscard]] constexpr std::string_view text() const { return text_; }
  [[nodiscard]] constexpr std::uint64_t number() const { return number_; }
  [[nodiscard]] constexpr MessageId message() const { return static_cast<MessageId>(number_); }

 private:
  Kind kind_ = Kind::none;
  std::uint64_t number_ = 0;
  std::string_view text_;
};

inline constexpr std::size_t kMessageArgumentsMax = 3;

struct Message {
  constexpr Message(MessageId which, MessageArgument first = {}, MessageArgument second = {},
                    MessageArgument third = {})
      : id(which), arguments{first, second, third} {}

  MessageId id;
  std::array<MessageArgument, kMessageArgumentsMax> arguments;
};

}  // namespace headrace::policy
