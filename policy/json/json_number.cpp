#include "policy/json/json_number.h"

#include "core/ascii.h"

namespace headrace::policy {
namespace {

constexpr std::uint64_t kDigitsMax = 99'999'999'999'999'999;  // one digit more still fits

using core::is_digit;

constexpr bool is_e(char c) {
  return c == 'e' || c == 'E';
}

const char* skip_digits(const char* at, const char* end) {
  while (at != end && is_digit(*at))
    ++at;
  return at;
}

}  // namespace

// The part that `c` begins; the same part when `c` cannot follow.
JsonNumber::Part JsonNumber::behind(char c) const {
  switch (part_) {
    case Part::start:
      if (c == '-') return Part::minus;
      [[fallthrough]];
    case Part::minus:
      if (c == '0') return Part::zero;
      return is_digit(c) ? Part::digits : part_;
    case Part::zero:
    case Part::digits:
      if (c == '.') return Part::point;
      return is_e(c) ? Part::e : part_;
    case Part::point:
      return is_digit(c) ? Part::fraction : part_;
    case Part::fraction:
      return is_e(c) ? Part::e : part_;
    case Part::e:
      if (c == '+' || c == '-') return Part::e_sign;
      [[fallthrough]];
    case Part::e_sign:
      return is_digit(c) ? Part::exponent : part_;
    case Part::exponent:
      return part_;
  }
  return part_;
}

const char* JsonNumber::walk(const char* at, const char* end) {
  for (;;) {
    if (part_ == Part::digits) {
      for (; at != end && is_digit(*at); ++at) {
        exact_ &= digits_ <= kDigitsMax;
        digits_ = digits_ * 10 + static_cast<std::uint64_t>(*at - '0');
      }
    } else if (part_ == Part::fraction || part_ == Part::exponent) {
      at = skip_digits(at, end);
    }
    if (at == end) return at;
    const Part next = behind(*at);
    if (next == part_) return at;
    part_ = next;
    negative_ |= next == Part::minus;
    // The first digit is counted with the others.
    if (next != Part::digits) ++at;
  }
}

}  // namespace headrace::policy
