// How the mock treats a request: what it answers, how long that takes, and what goes wrong.
//
// Every setting has one name. It is a flag of the program (--latency 20ms), a header of a request
// that overrides the flag for this request alone (x-mock-latency: 20ms), and a field of
// POST /mock/behaviour, which changes the default for all later requests.
// Threads: a value; the defaults are published to the shards whole.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tools/mock/distribution.h"
#include "tools/mock/hostile.h"
#include "tools/mock/prose.h"
#include "tools/mock/provider_error.h"

namespace headrace::tools::mock {

enum class ToolMode : std::uint8_t { asked, call, none };
enum class UsageMode : std::uint8_t { on, missing };
enum class OutputCap : std::uint8_t { kept, ignored };
enum class ErrorShape : std::uint8_t { dialect, html, text, empty };
enum class RateHeaders : std::uint8_t { off, on, spent };
enum class RetryAfterForm : std::uint8_t { none, seconds, date, millis, text };
enum class Framing : std::uint8_t { automatic, length, chunked, close };

struct Behaviour {
  // --- what is answered ---
  Distribution answer_tokens = Distribution::fixed(64);
  std::optional<std::uint64_t> answer_bytes;  // of text; overrides answer_tokens
  std::uint32_t tokens_per_event = 1;
  std::uint32_t reasoning_tokens = 0;
  double cached_share = 0;       // of the prompt's tokens
  double cache_write_share = 0;  // of the prompt's tokens that were not read from the cache
  ProseKind text = ProseKind::plain;
  ToolMode tool = ToolMode::asked;
  UsageMode usage = UsageMode::on;
  OutputCap output_cap = OutputCap::kept;   // that of the request
  std::optional<std::uint64_t> body_bytes;  // an opaque answer, whatever was asked
  std::string content_type;                 // empty: what the answer is
  std::string headers;                      // further header lines, each ending in CRLF

  // --- how long it takes ---
  Distribution latency;          // until the first byte
  Distribution gap;              // between events that carry tokens
  double tokens_per_second = 0;  // overrides gap
  bool stamp = false;            // events say when they were sent (tools/event_stamp)
  double read_pause_nanos = 0;   // the request's body is not read for so long

  // --- refusals ---
  int status = 200;                // 400 and above: a refusal
  std::optional<ErrorKind> error;  // with the dialect's own status for it
  double error_rate = 1;           // share of requests that `status` or `error` befalls
  std::uint32_t fail_first = 0;    // 0: by error_rate; n: the first n with the same request id
  ErrorShape error_shape = ErrorShape::dialect;
  std::optional<ErrorKind> stream_error;  // after `stream_error_at` events
  std::uint32_t stream_error_at = 3;
  bool early = false;  // answers as soon as it has the head, before the body was read

  // --- limits told ---
  RateHeaders rate_headers = RateHeaders::off;
  RetryAfterForm retry_after_form = RetryAfterForm::none;
  double retry_after_seconds = 0;
  std::string retry_after_text;

  // --- what breaks. Bytes count after the head, framing included; events from 1 ---
  std::optional<std::uint64_t> reset_in_head;  // after so many bytes of the head
  std::optional<std::uint64_t> reset_at_byte;
  std::optional<std::uint64_t> reset_at_event;
  std::optional<std::uint64_t> close_at_byte;
  std::optional<std::uint64_t> close_at_event;
  std::optional<std::uint64_t> stall_at_byte;  // then silence until the other side gives up
  std::optional<std::uint64_t> stall_at_event;
  bool reset_reused = false;    // reset instead of answering, unless first on its connection
  bool close_silently = false;  // closes after the answer without having said so

  // --- how bytes are written ---
  Framing framing = Framing::automatic;
  bool http_1_0 = false;
  bool close = false;        // Connection: close
  std::vector<int> interim;  // 1xx answers sent first
  std::uint64_t drip_bytes_per_second = 0;
  std::uint64_t split = 0;                // at most so many bytes a write
  std::optional<std::uint64_t> split_at;  // two writes, parted at this byte of the whole answer
  double split_pause_nanos = 2e5;         // between the writes of split and split_at
  std::uint64_t extra_bytes = 0;          // after the end of the answer
  Hostile hostile = Hostile::none;
};

struct Setting {
  std::string_view name;
  std::string_view value;  // placeholder for the help text
  std::string_view group;
  std::string_view help;
  // The error says what is wrong with the value.
  std::expected<void, std::string> (*apply)(Behaviour& behaviour, std::string_view value);
};

std::span<const Setting> settings();
// By name, or null.
const Setting* find_setting(std::string_view name);

inline constexpr std::string_view kBehaviourHeaderPrefix = "x-mock-";

}  // namespace headrace::tools::mock
