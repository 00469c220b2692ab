// Whether bytes that are said to be something else begin as a JSON object with a member does.
//
// White space is passed over, and so are zeros and byte order marks: there are readers that take
// UTF-16 and UTF-32 for JSON.
//
// Threads: plain data.
// Bounds:  a byte is looked at once; it is over with the first one that decides.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace headrace::policy {

class JsonBeginning {
 public:
  // The next bytes. True: so it begins, as far as they go.
  [[nodiscard]] bool take(std::span<const std::byte> bytes);

 private:
  enum class State : std::uint8_t { outside, in_object, json, other };
  State state_ = State::outside;
};

}  // namespace headrace::policy
