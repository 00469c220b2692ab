// Takes a form apart as it arrives (RFC 7578, RFC 2046 section 5.1), in fixed memory.
//
//   --boundary CRLF  field CRLF ... CRLF  content CRLF  --boundary CRLF ... --boundary-- [CRLF]
//
// Nothing is forgiven, because somebody else reads the same bytes and might forgive otherwise: no
// words before the first part or behind the last, no blanks behind a boundary, no line that ends in
// less than CRLF, no folded field. The boundary stands nowhere but between parts: within a content
// it could be taken for one by a reader of bare line feeds.
//
// Bounds:   kPartFieldBytesMax for a line, kPartFieldsMax for the fields of a part, kPartsMax.
// Threads:  one reader belongs to one body. No allocation. Slices are used during take() only.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "policy/form/form_boundary.h"

namespace headrace::policy {

inline constexpr std::size_t kPartFieldBytesMax = 1024;
inline constexpr std::uint32_t kPartFieldsMax = 16;
inline constexpr std::uint32_t kPartsMax = 1024;

// Each returns whether to go on.
class MultipartSink {
 public:
  virtual bool on_part_field(std::string_view line) = 0;
  // The fields are over, and the content begins.
  virtual bool on_part_content() = 0;
  // Of the content, and of what ends it.
  virtual bool on_part_bytes(std::string_view bytes) = 0;
  // The last so many of those bytes were the boundary's.
  virtual bool on_part_end(std::size_t boundary_bytes) = 0;

 protected:
  ~MultipartSink() = default;
};

class MultipartReader {
 public:
  // `boundary` is one by form_boundary().
  void start(std::string_view boundary);
  // False: it cannot be read, or the sink does not go on. Then it is over.
  [[nodiscard]] bool take(std::string_view bytes, MultipartSink& sink);
  // Nothing is missing.
  [[nodiscard]] bool complete() const { return state_ == State::closed && awaited_ == 0; }

 private:
  enum class State : std::uint8_t {
    first_boundary,
    behind_boundary,  // either the end of its line, or two hyphens
    field,
    content,
    closed,
  };
  // Two hyphens and the boundary; a line end before it.
  static constexpr std::size_t kMarkBytesMax = 2 + kBoundaryBytesMax;
  static constexpr std::size_t kLineEndBytes = 2;

  [[nodiscard]] std::string_view mark() const { return {mark_.data(), mark_bytes_}; }
  [[nodiscard]] bool take_first_boundary(std::string_view& bytes);
  [[nodiscard]] bool take_behind_boundary(std::string_view& bytes);
  [[nodiscard]] bool take_field(std::string_view& bytes, MultipartSink& sink);
  [[nodiscard]] bool take_content(std::string_view& bytes, MultipartSink& sink);
  [[nodiscard]] bool take_closed(std::string_view& bytes);
  [[nodiscard]] std::size_t find_mark_end(std::string_view bytes) const;
  [[nodiscard]] bool stands_behind_line_end(std::string_view bytes, std::size_t mark_end) const;
  void keep_tail(std::string_view bytes);

  State state_ = State::first_boundary;
  std::uint8_t mark_bytes_ = 0;
  std::uint8_t tail_bytes_ = 0;
  std::uint8_t awaited_ = 0;  // of the first boundary, or of two characters: how far they have come
  char first_ = 0;            // of those two
  std::uint32_t parts_ = 0;
  std::uint32_t fields_ = 0;
  std::uint32_t line_bytes_ = 0;
  std::array<char, kMarkBytesMax> mark_{};
  // The last bytes of the content so far: the beginning of a boundary may stand in them.
  std::array<char, kMarkBytesMax + kLineEndBytes> tail_{};
  std::array<char, kPartFieldBytesMax> line_{};
};

}  // namespace headrace::policy
