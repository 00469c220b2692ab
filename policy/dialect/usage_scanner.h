// Reads usage from an unstreamed JSON answer while it passes through in slices of any size.
//
// Only by its place in the structure of the answer: text of the model, tool payloads and metadata
// that hold the same words never reach it. An answer that is not JSON, or not the shape of the
// endpoint, gives no usage and no error: it is not ours to judge.
//
// Also reads Gemini's stream without `alt=sse`, which is one JSON array sent in pieces.
//
// Threads:    one scanner belongs to one answer on one shard. No allocation; about 400 bytes.
// Padding:    none needed behind the slices.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "policy/dialect/answer_reader.h"
#include "policy/dialect/endpoint.h"
#include "policy/dialect/usage.h"
#include "policy/json/json_walker.h"

namespace headrace::policy {

class UsageScanner {
 public:
  UsageScanner() = default;
  explicit UsageScanner(Endpoint endpoint) { start(endpoint); }

  void start(Endpoint endpoint);
  void feed(std::span<const std::byte> slice);

  // The JSON text has ended, whole.
  [[nodiscard]] bool complete() const;
  // The answer is an error object, whatever its status was.
  [[nodiscard]] bool is_error() const { return reading_.error; }
  [[nodiscard]] FinishReason finish_reason() const { return reading_.finish_reason; }
  [[nodiscard]] const RawUsage& raw() const { return reading_.raw; }
  // `provider` when usage was reported, else `none`.
  [[nodiscard]] Usage usage() const;

 private:
  JsonWalker walker_;
  AnswerReading reading_;
  Endpoint endpoint_ = Endpoint::unknown;
  bool broken_ = false;
};

// The same for a whole answer at hand.
[[nodiscard]] Usage read_usage(Endpoint endpoint, std::span<const std::byte> answer);

}  // namespace headrace::policy
