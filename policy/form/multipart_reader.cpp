#include "policy/form/multipart_reader.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "core/check.h"

namespace headrace::policy {
namespace {

constexpr std::string_view kHyphens = "--";
constexpr std::string_view kLineEnd = "\r\n";

}  // namespace

void MultipartReader::start(std::string_view boundary) {
  HEADRACE_CHECK(!boundary.empty() && boundary.size() <= kBoundaryBytesMax);
  auto end = std::ranges::copy(kHyphens, mark_.begin()).out;
  end = std::ranges::copy(boundary, end).out;
  mark_bytes_ = static_cast<std::uint8_t>(end - mark_.begin());
  state_ = State::first_boundary;
  awaited_ = tail_bytes_ = 0;
  parts_ = fields_ = line_bytes_ = 0;
}

bool MultipartReader::take(std::string_view bytes, MultipartSink& sink) {
  while (!bytes.empty()) {
    bool good = false;
    switch (state_) {
      case State::first_boundary:
        good = take_first_boundary(bytes);
        break;
      case State::behind_boundary:
        good = take_behind_boundary(bytes);
        break;
      case State::field:
        good = take_field(bytes, sink);
        break;
      case State::content:
        good = take_content(bytes, sink);
        break;
      case State::closed:
        good = take_closed(bytes);
        break;
    }
    if (!good) return false;
  }
  return true;
}

bool MultipartReader::take_first_boundary(std::string_view& bytes) {
  const std::string_view wanted = mark().substr(awaited_, bytes.size());
  if (!bytes.starts_with(wanted)) return false;
  bytes.remove_prefix(wanted.size());
  awaited_ = static_cast<std::uint8_t>(awaited_ + wanted.size());
  if (awaited_ == mark_bytes_) {
    state_ = State::behind_boundary;
    awaited_ = 0;
  }
  return true;
}

bool MultipartReader::take_behind_boundary(std::string_view& bytes) {
  const char c = bytes.front();
  bytes.remove_prefix(1);
  if (awaited_ == 0) {
    first_ = c;
    awaited_ = 1;
    return c == '\r' || c == '-';
  }
  awaited_ = 0;
  if (first_ == '-') {
    state_ = State::closed;
    return c == '-' && parts_ > 0;
  }
  state_ = State::field;
  fields_ = line_bytes_ = 0;
  return c == '\n' && ++parts_ <= kPartsMax;
}

bool MultipartReader::take_field(std::string_view& bytes, MultipartSink& sink) {
  const std::size_t size = bytes.find('\n');
  const std::string_view piece = bytes.substr(0, size);
  if (line_bytes_ + piece.size() > line_.size()) return false;
  std::ranges::copy(piece, line_.begin() + line_bytes_);
  line_bytes_ += static_cast<std::uint32_t>(piece.size());
  bytes.remove_prefix(piece.size());
  if (bytes.empty()) return true;
  bytes.remove_prefix(1);
  std::string_view line(line_.data(), line_bytes_);
  line_bytes_ = 0;
  if (!line.ends_with('\r')) return false;
  line.remove_suffix(1);
  if (line.contains('\r') || line.starts_with(' ') || line.starts_with('\t')) return false;
  if (!line.empty()) return ++fields_ <= kPartFieldsMax && sink.on_part_field(line);
  state_ = State::content;
  tail_bytes_ = 0;
  return sink.on_part_content();
}

bool MultipartReader::take_content(std::string_view& bytes, MultipartSink& sink) {
  const std::size_t end = find_mark_end(bytes);
  if (end == std::string_view::npos) {
    keep_tail(bytes);
    return sink.on_part_bytes(std::exchange(bytes, {}));
  }
  if (!stands_behind_line_end(bytes, end)) return false;
  state_ = State::behind_boundary;
  const std::string_view content = bytes.substr(0, end);
  bytes.remove_prefix(end);
  return sink.on_part_bytes(content) && sink.on_part_end(mark_bytes_ + kLineEndBytes);
}

bool MultipartReader::take_closed(std::string_view& bytes) {
  const char c = bytes.front();
  bytes.remove_prefix(1);
  if (c != kLineEnd[awaited_]) return false;
  awaited_ = awaited_ == 0 ? 1 : 0;
  return true;
}

// Where the first one ends that is whole now; one may have begun in what was taken before.
std::size_t MultipartReader::find_mark_end(std::string_view bytes) const {
  std::array<char, sizeof(tail_) + kMarkBytesMax> joint;
  const auto middle = std::ranges::copy(std::string_view(tail_.data(), tail_bytes_), joint.begin());
  const std::string_view begin = bytes.substr(0, mark_bytes_ - std::size_t{1});
  const auto end = std::ranges::copy(begin, middle.out).out;
  const std::string_view joined(joint.data(), static_cast<std::size_t>(end - joint.begin()));
  const std::size_t across = joined.find(mark());
  if (across < tail_bytes_) return across + mark_bytes_ - tail_bytes_;
  const std::size_t at = bytes.find(mark());
  return at == std::string_view::npos ? at : at + mark_bytes_;
}

bool MultipartReader::stands_behind_line_end(std::string_view bytes, std::size_t mark_end) const {
  const std::size_t before = mark_bytes_ + kLineEndBytes;
  if (tail_bytes_ + mark_end < before) return false;
  for (std::size_t i = 0; i < kLineEndBytes; ++i) {
    const std::size_t at = tail_bytes_ + mark_end - before + i;  // in both
    const char c = at < tail_bytes_ ? tail_[at] : bytes[at - tail_bytes_];
    if (c != kLineEnd[i]) return false;
  }
  return true;
}

// As much as a boundary that is not whole may take, and the line end before it.
void MultipartReader::keep_tail(std::string_view bytes) {
  const std::size_t most = mark_bytes_ + kLineEndBytes - 1;
  if (bytes.size() >= most) {
    std::ranges::copy(bytes.substr(bytes.size() - most), tail_.begin());
    tail_bytes_ = static_cast<std::uint8_t>(most);
    return;
  }
  const std::size_t left = std::min<std::size_t>(tail_bytes_, most - bytes.size());
  std::copy(tail_.begin() + (tail_bytes_ - static_cast<std::ptrdiff_t>(left)),
            tail_.begin() + tail_bytes_, tail_.begin());
  std::ranges::copy(bytes, tail_.begin() + static_cast<std::ptrdiff_t>(left));
  tail_bytes_ = static_cast<std::uint8_t>(left + bytes.size());
}

}  // namespace headrace::policy
