// What a relay does with a streamed answer: its framer's tokens and its meter's pieces, each held
// to what their headers promise whatever the stream.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "policy/dialect/sse_framer.h"
#include "policy/dialect/stream_meter.h"
#include "tests/fuzz/fuzz_check.h"
#include "tests/fuzz/slices.h"

namespace headrace::fuzz {

// Gives `take` the tokens of a slice, which use all of it up, in order.
template <class Framer, class Take>
void take_tokens(Framer& framer, std::string_view slice, Take take) {
  framer.feed(slice);
  std::size_t end = 0;
  for (;;) {
    const policy::SseToken token = framer.next();
    FUZZ_CHECK(token.end >= end);
    FUZZ_CHECK(token.end <= slice.size());
    end = token.end;
    if (token.kind == policy::SseToken::Kind::more) break;
    take(token);
  }
  FUZZ_CHECK(end == slice.size());
}

struct Relayed {
  std::string sent;
  std::string held;
  policy::StreamMeter meter;  // has not been told that the stream is over
};

inline Relayed relay(std::string_view text, std::size_t slice_bytes, policy::Endpoint endpoint,
                     const policy::StreamOptions& options) {
  using Verdict = policy::StreamPiece::Verdict;
  const bool array = options.form == policy::StreamForm::json_array;
  Relayed relayed;
  relayed.meter.start(endpoint, options);
  in_slices(text, slice_bytes, [&](std::string_view slice) {
    relayed.meter.feed(std::as_bytes(std::span(slice)));
    std::size_t seen = 0;
    while (const auto piece = relayed.meter.next()) {
      // Of an array a word that is held may turn out to be over.
      FUZZ_CHECK(!piece->bytes.empty() || (array && !relayed.held.empty()));
      seen += piece->bytes.size();
      relayed.held.append(reinterpret_cast<const char*>(piece->bytes.data()), piece->bytes.size());
      if (piece->verdict == Verdict::forward) relayed.sent += relayed.held;
      if (piece->verdict == Verdict::drop) FUZZ_CHECK(options.strip_usage_chunk);
      if (piece->verdict != Verdict::hold) relayed.held.clear();
      FUZZ_CHECK(relayed.held.size() == relayed.meter.held_bytes());
      FUZZ_CHECK(relayed.held.size() <= options.held_bytes_max);
    }
    FUZZ_CHECK(seen == slice.size());
  });
  return relayed;
}

}  // namespace headrace::fuzz
