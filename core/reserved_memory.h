// Address space reserved at start-up and filled by the kernel page by page when touched: what pools
// stand on. Untouched pages cost nothing.
//
// Errors: where the kernel refuses, the process ends with one line for the operator that names the
//         purpose, the size and the mending: without its planned memory there is nothing to run.
#pragma once

#include <cstddef>
#include <span>

namespace headrace::core {

inline constexpr std::size_t kPageBytes = 4096;

[[nodiscard]] constexpr std::size_t round_up(std::size_t bytes, std::size_t step) {
  return (bytes + step - 1) / step * step;
}

class ReservedMemory {
 public:
  ReservedMemory() = default;
  // `purpose` is what the memory plan calls it. Zero-filled, page-aligned, rounded up to pages.
  ReservedMemory(const char* purpose, std::size_t bytes);
  ReservedMemory(ReservedMemory&& other) noexcept;
  ReservedMemory& operator=(ReservedMemory&& other) noexcept;
  ~ReservedMemory();

  [[nodiscard]] std::byte* data() const { return data_; }
  [[nodiscard]] std::size_t size() const { return bytes_; }

  // Gives the pages that lie wholly within the range back to the kernel; they read as zero
  // afterwards.
  void give_back_pages(std::size_t offset, std::size_t bytes);

 private:
  std::byte* data_ = nullptr;
  std::size_t bytes_ = 0;
};

// Of mapped memory that look-ups go all over, from the begin of a page on: where the kernel lets
// it, in pages so large that few translations of addresses are missed.
void prefer_huge_pages(std::byte* memory, std::size_t bytes);

}  // namespace headrace::core
