// A rewritten body without a copy: replacements over borrowed slices of the original.
//
//   body     |------- kept -------|removed|---------- kept ----------|
//   slices   |------- kept -------|  new  |---------- kept ----------|   -> one vectored send
//
// Threads:    belongs to one exchange.
// Lifetime:   the body and borrowed replacements outlive the sends of the slices. Text made by the
//             list itself lives in the list, which therefore neither moves nor copies.
// Invariants: edits are kept sorted by offset and do not overlap.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "policy/body/byte_range.h"

namespace headrace::policy {

struct Edit {
  std::uint32_t offset = 0;
  std::uint32_t removed = 0;     // bytes of the body that go
  std::string_view replacement;  // what stands there instead
};

class EditList {
 public:
  static constexpr std::size_t kEditsMax = 8;
  static constexpr std::size_t kSlicesMax = 2 * kEditsMax + 1;
  static constexpr std::size_t kTextBytesMax = 1024;

  EditList() = default;
  EditList(const EditList&) = delete;
  EditList& operator=(const EditList&) = delete;

  void clear();
  [[nodiscard]] bool empty() const { return edit_count_ == 0; }
  [[nodiscard]] std::span<const Edit> edits() const { return {edits_.data(), edit_count_}; }

  // Removes `at` and puts `replacement` (borrowed) there. Two insertions at one offset stand in
  // the order in which they were added. False when the list is full or the range overlaps
  // another edit.
  [[nodiscard]] bool replace(ByteRange at, std::string_view replacement);
  [[nodiscard]] bool insert(std::uint32_t offset, std::string_view text) {
    return replace({offset, 0}, text);
  }

  // Room for text that the edits refer to; empty when the list has not that much left. What is not
  // committed may be handed out again.
  [[nodiscard]] std::span<char> text_room();
  std::string_view commit_text(std::size_t length);

  [[nodiscard]] std::size_t length_after(std::size_t body_length) const;
  // The rewritten body as slices, in order, none empty. Returns how many were written.
  [[nodiscard]] std::size_t slices(std::string_view body,
                                   std::span<std::string_view, kSlicesMax> out) const;

 private:
  std::array<Edit, kEditsMax> edits_{};
  std::uint32_t edit_count_ = 0;
  std::uint32_t text_used_ = 0;
  std::array<char, kTextBytesMax> text_;
};

}  // namespace headrace::policy
