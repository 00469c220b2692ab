// Reads usage from an unstreamed JSON answer while it passes through in slices of any size.
//
// Only by its place in the structure of the answer: text of the model, tool payloads and metadata
// that hold the same words never reach it. An answer that is not JSON, or not of the endpoint's
// shape, gives no usage and no error: it is not ours to judge.
//
// Also reads an array of answers, as Gemini may wrap one: the last usage counts. (Its stream of
// that form is metered element by element, policy/dialect/stream_meter.h.)
//
// Where a pattern is given, an answer that lies whole in its first slice and is like earlier ones
// is not walked, but recognised.
//
// Threads:    one scanner belongs to one answer on one shard. No allocation; about 700 bytes.
// Lifetime:   slices are used during feed() only, in place.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "policy/dialect/answer_pattern.h"
#include "policy/dialect/answer_reader.h"
#include "policy/dialect/endpoint.h"
#include "policy/dialect/usage.h"
#include "policy/json/json_walker.h"

namespace headrace::policy {

class UsageScanner {
 public:
  UsageScanner() = default;
  // `pattern`, of the answers of one provider to one endpoint, outlives the scanner.
  explicit UsageScanner(Endpoint endpoint, AnswerPattern* pattern = nullptr) {
    start(endpoint, pattern);
  }

  void start(Endpoint endpoint, AnswerPattern* pattern = nullptr);
  void feed(std::span<const std::byte> slice);

  // The JSON text has ended, whole.
  [[nodiscard]] bool complete() const { return recognised_ ? !trailing_ : walker_.complete(); }
  // An error object stands where the dialect puts it, whatever the status was.
  [[nodiscard]] bool is_error() const { return reader_.error; }
  [[nodiscard]] FinishReason finish_reason() const { return reader_.finish_reason; }
  // Cut, filtered or declined, the whole answer or one of its choices.
  [[nodiscard]] bool is_withheld() const { return reader_.withheld; }
  [[nodiscard]] const RawUsage& raw() const { return reader_.raw; }
  // `provider` when usage was reported, else `none`.
  [[nodiscard]] Usage usage() const;

 private:
  JsonWalker walker_;
  AnswerReader reader_;
  AnswerPattern* pattern_ = nullptr;  // until the first slice
  Endpoint endpoint_ = Endpoint::unknown;
  bool recognised_ = false;
  bool trailing_ = false;  // more than white space stands behind what was recognised
};

// The same for a whole answer at hand.
[[nodiscard]] Usage read_usage(Endpoint endpoint, std::span<const std::byte> answer);

}  // namespace headrace::policy
