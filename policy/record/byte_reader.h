// Takes fixed parts and texts from the front of bytes that came from outside, or says that there
// are too few.
#pragma once

#include <cstddef>
#include <cstring>
#include <span>
#include <string_view>
#include <type_traits>

namespace headrace::policy {

class ByteReader {
 public:
  explicit ByteReader(std::span<const std::byte> rest) : rest_(rest) {}

  template <class Part>
  [[nodiscard]] bool take(Part& part) {
    static_assert(std::is_trivially_copyable_v<Part>);
    if (rest_.size() < sizeof part) return false;
    std::memcpy(&part, rest_.data(), sizeof part);
    rest_ = rest_.subspan(sizeof part);
    return true;
  }
  // Points into the bytes.
  [[nodiscard]] bool text(std::string_view& text, std::size_t bytes) {
    if (rest_.size() < bytes) return false;
    text = {reinterpret_cast<const char*>(rest_.data()), bytes};
    rest_ = rest_.subspan(bytes);
    return true;
  }
  [[nodiscard]] bool empty() const { return rest_.empty(); }

 private:
  std::span<const std::byte> rest_;
};

}  // namespace headrace::policy
