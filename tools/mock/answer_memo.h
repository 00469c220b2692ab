// Unstreamed answers of late, kept by request: a benchmark that sends one body over and over is
// answered without parsing or writing anything anew.
//
// Threads: one shard. Bounds: kEntries answers of at most kAnswerBytesMax each.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "tools/mock/answer_plan.h"

namespace headrace::tools::mock {

struct MemoKey {
  std::uint64_t body_hash = 0;
  std::uint64_t target_hash = 0;
  std::uint64_t body_bytes = 0;
  std::int64_t created_unix_seconds = 0;
  const Behaviour* behaviour = nullptr;  // the defaults, which live as long as a shard uses them
  friend bool operator==(const MemoKey&, const MemoKey&) = default;
};

struct MemoAnswer {
  MemoKey key;
  std::string body;
  TokenUsage usage;
  Endpoint endpoint = Endpoint::unknown;
};

class AnswerMemo {
 public:
  static constexpr std::size_t kEntries = 64;
  static constexpr std::size_t kAnswerBytesMax = 4 * 1024 * 1024;

  [[nodiscard]] std::shared_ptr<const MemoAnswer> find(const MemoKey& key) const {
    const auto& entry = entries_[key.body_hash % kEntries];
    return entry != nullptr && entry->key == key ? entry : nullptr;
  }
  void put(std::shared_ptr<const MemoAnswer> answer) {
    if (answer->body.size() > kAnswerBytesMax) return;
    entries_[answer->key.body_hash % kEntries] = std::move(answer);
  }

 private:
  std::array<std::shared_ptr<const MemoAnswer>, kEntries> entries_;
};

}  // namespace headrace::tools::mock
