// Which refused requests have a line of their own in the access log: so many a second, the first
// ones. All of them are counted elsewhere; a flood fills no disk.
//
// Threads: one shard's.
#pragma once

#include <cstdint>

namespace headrace::policy {

class RefusalSampling {
 public:
  // Whether this one is written; `per_second`: of one shard.
  [[nodiscard]] bool takes(std::int64_t unix_seconds, std::uint32_t per_second) {
    if (unix_seconds != second_) {
      second_ = unix_seconds;
      written_ = 0;
    }
    if (written_ >= per_second) {
      ++left_out_;
      return false;
    }
    ++written_;
    return true;
  }
  // How many were left out since this was asked last: told in the line that is written next.
  [[nodiscard]] std::uint64_t take_left_out() {
    const std::uint64_t left_out = left_out_;
    left_out_ = 0;
    return left_out;
  }

 private:
  std::int64_t second_ = 0;
  std::uint32_t written_ = 0;
  std::uint64_t left_out_ = 0;
};

}  // namespace headrace::policy
