#include "tools/mock/distribution.h"

#include <cmath>
#include <numbers>
#include <vector>

#include "tools/command_line/quantity_text.h"
#include "tools/mock/chance.h"

namespace headrace::tools::mock {
namespace {

std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> parts;
  for (std::size_t start = 0;;) {
    const auto colon = text.find(':', start);
    parts.push_back(text.substr(start, colon - start));
    if (colon == std::string_view::npos) return parts;
    start = colon + 1;
  }
}

// A normally distributed number from 64 random bits (Box and Muller's transform).
double normal(std::uint64_t random) {
  const double first = 1.0 - unit_interval(random);
  const double second = unit_interval(mixed(random));
  return std::sqrt(-2 * std::log(first)) * std::cos(2 * std::numbers::pi * second);
}

}  // namespace

Distribution Distribution::fixed(double value) {
  Distribution made;
  made.first_ = value;
  return made;
}

std::expected<Distribution, std::string> Distribution::parse(std::string_view text,
                                                             QuantityKind kind) {
  const auto value = [kind](std::string_view part) {
    return kind == QuantityKind::wait ? parse_time_nanos(part) : parse_number(part);
  };
  const auto parts = split(text);
  Distribution made;
  std::size_t parts_expected = 2;
  if (parts[0] == "uniform") {
    made.shape_ = Shape::uniform;
    parts_expected = 3;
  } else if (parts[0] == "exponential") {
    made.shape_ = Shape::exponential;
  } else if (parts[0] == "lognormal") {
    made.shape_ = Shape::lognormal;
    parts_expected = 3;
  } else {
    parts_expected = 1;
  }
  if (parts.size() != parts_expected) {
    return std::unexpected("\"" + std::string(text) +
                           "\" is not VALUE, uniform:LOW:HIGH, exponential:MEAN or "
                           "lognormal:MEDIAN:SIGMA");
  }
  const auto first = value(parts[parts_expected == 1 ? 0 : 1]);
  if (!first) return std::unexpected(first.error());
  made.first_ = *first;
  if (parts_expected == 3) {
    const auto second = made.shape_ == Shape::lognormal ? parse_number(parts[2]) : value(parts[2]);
    if (!second) return std::unexpected(second.error());
    made.second_ = *second;
  }
  if (made.shape_ == Shape::uniform && made.second_ < made.first_) {
    return std::unexpected("in \"" + std::string(text) + "\" the upper bound is below the lower");
  }
  return made;
}

double Distribution::sample(std::uint64_t random) const {
  switch (shape_) {
    case Shape::fixed:
      return first_;
    case Shape::uniform:
      return first_ + (second_ - first_) * unit_interval(random);
    case Shape::exponential:
      return -first_ * std::log(1.0 - unit_interval(random));
    case Shape::lognormal:
      return first_ * std::exp(second_ * normal(random));
  }
  return first_;
}

double Distribution::mean() const {
  switch (shape_) {
    case Shape::uniform:
      return (first_ + second_) / 2;
    case Shape::lognormal:
      return first_ * std::exp(second_ * second_ / 2);
    default:
      return first_;
  }
}

}  // namespace headrace::tools::mock
