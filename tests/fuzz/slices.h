// A text as it arrives.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace headrace::fuzz {

// Gives `take` each slice in memory of its own: who reads beyond it, or in one that is gone, is
// seen by a sanitizer.
template <class Take>
void in_slices(std::string_view text, std::size_t slice_bytes, Take take) {
  for (std::size_t at = 0; at < text.size(); at += slice_bytes) {
    const std::string_view part = text.substr(at, slice_bytes);
    const std::vector<char> slice(part.begin(), part.end());
    take(std::string_view(slice.data(), slice.size()));
  }
}

}  // namespace headrace::fuzz
