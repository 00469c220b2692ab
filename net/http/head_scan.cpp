#include "net/http/head_scan.h"

#include <algorithm>
#include <bit>

#include "core/check.h"
#include "net/http/byte_scan.h"

namespace headrace::net::http {

namespace {

// One pass over the bytes that are new. Every event is judged in the order of the bytes, and a
// line that is too long is noticed no later than anything behind its end: so the verdict is the
// same whether the bytes came at once or one by one.
class Scanner {
 public:
  Scanner(std::string_view window, HeadKind kind, const HeadLimits& limits, HeadScan& scan)
      : window_(window),
        kind_(kind),
        line_bytes_max_(limits.line_bytes_max),
        fields_max_(std::min<std::size_t>(limits.fields_max, kFieldsMax)),
        scan_(scan) {}

  void run() {
    const std::size_t plain = run_plain_lines(scan_.scanned_bytes);
    if (result_.status != HeadStatus::incomplete) return;
    std::size_t reached = window_.size();
    visit_controls(window_, plain, [&](std::size_t at) {
      if (window_[at] == '\r' && at + 1 == window_.size()) {
        reached = at;  // judged when its LF has come, or has not
        return false;
      }
      result_ = on_control(at);
      return result_.status == HeadStatus::incomplete;
    });
    if (result_.status != HeadStatus::incomplete) return;
    scan_.scanned_bytes = static_cast<std::uint32_t>(reached);
    if (reached - scan_.line_start > line_bytes_max_) result_ = bad(too_long());
  }

  [[nodiscard]] HeadResult result() const { return result_; }

 private:
  // Passes over lines as they should be, 64 bytes at a time: as long as every control is a CR with
  // its LF. Returns where the judging of one control after another goes on.
  std::size_t run_plain_lines(std::size_t at) {
    bool open = false;  // the last byte passed is a CR, whose LF is not in sight
    for (; window_.size() - at >= 64; at += 64) {
      const ControlBits controls = control_bits(window_.data() + at);
      const std::uint64_t others = controls.all & ~controls.line_feeds;
      if (controls.line_feeds != (others << 1 | static_cast<std::uint64_t>(open))) break;
      for (std::uint64_t rest = controls.line_feeds; rest != 0; rest &= rest - 1) {
        const std::size_t line_feed = at + static_cast<std::size_t>(std::countr_zero(rest));
        // Another control than CR, which may be the last byte of the block before.
        if (window_[line_feed - 1] != '\r') {
          return std::max<std::size_t>(std::min(at, line_feed - 1), scan_.line_start);
        }
        const std::size_t length = line_feed - 1 - scan_.line_start;
        if (length != 0 && length <= line_bytes_max_ && scan_.lines <= fields_max_) [[likely]] {
          ++scan_.lines;
          scan_.line_start = static_cast<std::uint32_t>(line_feed + 1);
          continue;
        }
        result_ = on_control(line_feed);
        if (result_.status != HeadStatus::incomplete) return line_feed;
      }
      open = others >> 63 != 0;
    }
    return open ? at - 1 : at;
  }

  HeadResult on_control(std::size_t at) {
    const bool line_feed_after_cr =
        window_[at] == '\n' && at > scan_.line_start && window_[at - 1] == '\r';
    const std::size_t content_end = line_feed_after_cr ? at - 1 : at;
    if (content_end - scan_.line_start > line_bytes_max_) return bad(too_long());
    if (line_feed_after_cr) return on_line(content_end - scan_.line_start, at + 1);
    if (window_[at] == '\n') return bad(ParseError::bare_lf);
    if (window_[at] != '\r') return bad(ParseError::control_character);
    if (window_[at + 1] != '\n') return bad(ParseError::bare_cr);
    return {};
  }

  HeadResult on_line(std::size_t length, std::size_t next_line) {
    if (length == 0) {
      if (scan_.lines > 0) return {HeadStatus::complete, ParseError::none, next_line};
      if (kind_ == HeadKind::response) return bad(ParseError::status_line);
      if (scan_.line_start > 0) return bad(ParseError::request_line);
    } else if (scan_.lines++ > fields_max_) {
      return bad(ParseError::too_many_fields);
    }
    scan_.line_start = static_cast<std::uint32_t>(next_line);
    return {};
  }

  [[nodiscard]] ParseError too_long() const {
    return scan_.lines == 0 && kind_ == HeadKind::request ? ParseError::request_line_too_long
                                                          : ParseError::line_too_long;
  }

  static HeadResult bad(ParseError error) { return {HeadStatus::bad, error, 0}; }

  std::string_view window_;
  HeadKind kind_;
  std::size_t line_bytes_max_;
  std::size_t fields_max_;
  HeadScan& scan_;
  HeadResult result_;
};

}  // namespace

HeadResult scan_head(std::string_view bytes, HeadKind kind, const HeadLimits& limits,
                     HeadScan& scan) {
  const std::size_t head_bytes_max = std::min<std::size_t>(limits.head_bytes_max, kHeadBytesMax);
  HEADRACE_CHECK(scan.scanned_bytes <= bytes.size(), "a head lost bytes while it was scanned");
  // Limits may have been lowered since the last call.
  if (scan.scanned_bytes > head_bytes_max) return {HeadStatus::bad, ParseError::head_too_large, 0};
  Scanner scanner(bytes.substr(0, head_bytes_max), kind, limits, scan);
  scanner.run();
  if (scanner.result().status == HeadStatus::incomplete && bytes.size() >= head_bytes_max) {
    return {HeadStatus::bad, ParseError::head_too_large, 0};
  }
  return scanner.result();
}

}  // namespace headrace::net::http
