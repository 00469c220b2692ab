// Judges a form on its way into an account in which nothing may be named that is kept there, while
// it passes: what arrives goes on once it was judged, so that of a form that is refused the
// provider never has the end.
//
// A field is judged as the member of a JSON body in any format that its name stands for
// (policy/body/request_fields.h): `images[0][file_id]` is `{"images":[{"file_id":...}]}`. A content
// that is JSON itself, an object or a list, is looked through as such, whether it came as a file or
// not. Of any other, a text or a file, only the name and the beginning are looked at.
//
// Bounds:   kFormValueBytesMax for a content that is JSON, kFormNameDepthMax for names within
//           names; else those of the reader.
// Threads:  one scan belongs to one body. No allocation.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "policy/form/multipart_reader.h"
#include "policy/form/part_head.h"

namespace headrace::policy {

// Scanned in one turn.
inline constexpr std::size_t kFormValueBytesMax = std::size_t{60} * 1024;
inline constexpr std::size_t kFormNameDepthMax = 8;

class FormScan final : private MultipartSink {
 public:
  enum class Verdict : std::uint8_t {
    good,        // so far
    unreadable,  // it can be read in no way, or in two
    named,       // something that is kept, by a field whose content begins at at()
  };

  // `boundary` is one by form_boundary().
  void start(std::string_view boundary);
  [[nodiscard]] Verdict take(std::span<const std::byte> bytes);
  // Of the whole body.
  [[nodiscard]] Verdict finish() const {
    return reader_.complete() ? Verdict::good : Verdict::unreadable;
  }
  [[nodiscard]] std::uint64_t at() const { return content_at_; }

 private:
  // Of a content that is no JSON: enough for what is told by its beginning (kept_file.h).
  static constexpr std::size_t kBeginningBytesMax = 512;
  // What a name adds to a value, in its JSON.
  static constexpr std::size_t kWrappingBytesMax = kFormNameBytesMax + kFormNameDepthMax * 8;

  bool on_part_field(std::string_view line) override;
  bool on_part_content() override;
  bool on_part_bytes(std::string_view bytes) override;
  bool on_part_end(std::size_t boundary_bytes) override;

  [[nodiscard]] bool open_name();
  [[nodiscard]] bool open_key(std::string_view key);
  void add(std::string_view text);
  [[nodiscard]] std::string_view held_content() const;
  void add_content();
  [[nodiscard]] bool judge();
  [[nodiscard]] Verdict judge_text();
  [[nodiscard]] bool refuse(Verdict verdict);

  MultipartReader reader_;
  PartHead head_;
  Verdict verdict_ = Verdict::good;
  std::uint64_t taken_ = 0;  // of the body, before what is being taken
  std::string_view taking_;
  std::uint64_t content_at_ = 0;     // in the body
  std::uint64_t content_bytes_ = 0;  // so far, held or not
  // What is judged when a content is whole: its name's beginning, the content as far as it is held,
  // the name's end.
  std::size_t text_bytes_ = 0;
  std::size_t closing_bytes_ = 0;
  std::array<char, kFormNameDepthMax> closing_{};
  std::array<char, kFormValueBytesMax + kWrappingBytesMax> text_{};
};

}  // namespace headrace::policy
