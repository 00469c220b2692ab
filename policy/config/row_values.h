// The smallest parts of a config base's rows: how a row points to text, to rows, to one row or to
// none. All layouts (base_layout.h and its neighbours) are made of them.
//
// Invariants: judged once when a base is opened (base_judge.h), then relied upon.
#pragma once

#include <cstdint>

namespace headrace::policy::config {

struct TextRef {
  std::uint32_t offset = 0;
  std::uint32_t bytes = 0;
  [[nodiscard]] bool empty() const { return bytes == 0; }
};
struct RowRange {
  std::uint32_t first = 0;
  std::uint32_t count = 0;
};
// One row of another table, or none.
struct RowRef {
  std::uint32_t plus_one = 0;

  static constexpr RowRef to(std::uint32_t row) { return {.plus_one = row + 1}; }
  [[nodiscard]] constexpr bool none() const { return plus_one == 0; }
  [[nodiscard]] constexpr std::uint32_t row() const { return plus_one - 1; }
};

enum class Switch : std::uint8_t { off, on };
enum class LogOutput : std::uint8_t { off, standard_output, file };
// Methods are bits, so that a rule holds any set of them.
enum class MethodBit : std::uint8_t {
  get = 1,
  head = 2,
  post = 4,
  put = 8,
  patch = 16,
  delete_ = 32,
  options = 64
};

}  // namespace headrace::policy::config
