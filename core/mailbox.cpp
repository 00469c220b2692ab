#include "core/mailbox.h"

#include <algorithm>
#include <bit>

#include "core/check.h"
#include "core/io.h"

namespace headrace::core {

bool ShardSet::empty() const {
  return std::all_of(words.begin(), words.end(), [](std::uint64_t word) { return word == 0; });
}

std::uint32_t ShardSet::next_from(std::uint32_t shard) const {
  std::size_t word = shard / 64;
  std::uint64_t bits = words[word] & ~(bit(shard) - 1);
  while (bits == 0) {
    word = (word + 1) % kWords;
    bits = words[word];
  }
  return static_cast<std::uint32_t>(word * 64) + static_cast<std::uint32_t>(std::countr_zero(bits));
}

PostOffice::PostOffice(std::uint32_t shards, std::size_t messages_max)
    : shards_(shards),
      rings_(std::size_t{shards} * shards),
      pending_(std::make_unique<Pending[]>(shards)),
      ios_(shards, nullptr) {
  HEADRACE_CHECK(shards > 0);
  HEADRACE_CHECK(shards <= kShardsMax);
  for (std::uint32_t from = 0; from < shards; ++from) {
    for (std::uint32_t to = 0; to < shards; ++to) {
      if (from == to) continue;
      rings_[std::size_t{from} * shards + to] = std::make_unique<SpscRing<Message>>(messages_max);
    }
  }
}

void PostOffice::attach(std::uint32_t shard, Io& io) {
  ios_[shard] = &io;
}

std::size_t PostOffice::planned_bytes(std::uint32_t shards, std::size_t messages_max) {
  const std::size_t pairs = std::size_t{shards} * (shards - 1);
  return pairs * SpscRing<Message>::planned_bytes(messages_max) + shards * sizeof(Pending);
}

Mailbox::Mailbox(PostOffice& office, std::uint32_t shard) : office_(office), shard_(shard) {
  HEADRACE_CHECK(shard < office.shards());
}

bool Mailbox::post(std::uint32_t to, Message message) {
  HEADRACE_CHECK(to < office_.shards());
  HEADRACE_CHECK(to != shard_, "a shard posts to others only");
  message.from = shard_;
  if (!office_.ring(shard_, to).producer().push(message)) return false;
  bells_.add(to);
  return true;
}

void Mailbox::ring_bells(Io& own) {
  while (!bells_.empty()) {
    const std::uint32_t to = bells_.next_from(0);
    bells_.remove(to);
    auto& word = office_.pending_[to].words[shard_ / 64];
    const std::uint64_t unheard = word.fetch_or(ShardSet::bit(shard_), std::memory_order_acq_rel);
    if (unheard == 0 && office_.ios_[to] != nullptr) office_.ios_[to]->wake_from(own);
  }
}

void Mailbox::collect_pending() {
  for (std::size_t i = 0; i < ShardSet::kWords; ++i) {
    auto& word = office_.pending_[shard_].words[i];
    if (word.load(std::memory_order_relaxed) == 0) continue;
    waiting_.words[i] |= word.exchange(0, std::memory_order_acq_rel);
  }
}

bool Mailbox::next(Message& message) {
  while (!waiting_.empty()) {
    const std::uint32_t sender = waiting_.next_from(turn_);
    if (office_.ring(sender, shard_).consumer().pop(message)) {
      turn_ = (sender + 1) % kShardsMax;
      return true;
    }
    waiting_.remove(sender);
  }
  return false;
}

}  // namespace headrace::core
