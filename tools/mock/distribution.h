// A quantity that is fixed or drawn: a wait in nanoseconds or a count.
//
// Written as text:   20ms                 fixed
//                    uniform:5ms:20ms     evenly between the two
//                    exponential:20ms     with that mean
//                    lognormal:20ms:0.5   with that median and that sigma of the logarithm
// Waits take the units ns, us, ms, s, m; counts take none.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

namespace headrace::tools::mock {

enum class QuantityKind : std::uint8_t { wait, count };

class Distribution {
 public:
  Distribution() = default;
  static Distribution fixed(double value);
  static std::expected<Distribution, std::string> parse(std::string_view text, QuantityKind kind);

  // A value from 64 random bits; never negative.
  [[nodiscard]] double sample(std::uint64_t random) const;
  [[nodiscard]] bool is_fixed() const { return shape_ == Shape::fixed; }
  [[nodiscard]] double mean() const;

 private:
  enum class Shape : std::uint8_t { fixed, uniform, exponential, lognormal };
  Shape shape_ = Shape::fixed;
  double first_ = 0;   // value, lower bound, mean or median
  double second_ = 0;  // upper bound or sigma
};

}  // namespace headrace::tools::mock
