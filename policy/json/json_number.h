// A JSON number (RFC 8259 section 6), walked byte by byte in slices cut anywhere.
#pragma once

#include <cstdint>

namespace headrace::policy {

class JsonNumber {
 public:
  void start() { *this = JsonNumber{}; }

  // Walks on in [at, end). Returns the first byte that does not belong to the number, or `end`.
  [[nodiscard]] const char* walk(const char* at, const char* end);

  // It is a number if it ends here.
  [[nodiscard]] bool may_end() const {
    return part_ == Part::zero || part_ == Part::digits || part_ == Part::fraction ||
           part_ == Part::exponent;
  }
  // Neither fraction nor exponent, and at most 18 digits.
  [[nodiscard]] bool is_integer() const {
    return exact_ && (part_ == Part::zero || part_ == Part::digits);
  }
  [[nodiscard]] std::int64_t integer() const {
    const auto digits = static_cast<std::int64_t>(digits_);
    return negative_ ? -digits : digits;
  }

 private:
  enum class Part : std::uint8_t {
    start,
    minus,
    zero,
    digits,
    point,
    fraction,
    e,
    e_sign,
    exponent
  };
  [[nodiscard]] Part behind(char c) const;

  std::uint64_t digits_ = 0;
  Part part_ = Part::start;
  bool negative_ = false;
  bool exact_ = true;
};

}  // namespace headrace::policy
