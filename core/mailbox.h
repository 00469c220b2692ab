// Messages between the shards of one process: a bounded SPSC ring per ordered pair of shards, and a
// word per shard that says which rings hold something, so that an empty mailbox costs one load.
//
//   shard 1 --post--> [ring 1->2] --drain--> shard 2       pending word of 2: bit 1 set
//
// Posting is cheap; the bell (Io::wake_from) is rung once a turn per destination, by ring_bells(),
// and only where the destination has no bell unheard.
//
// Threads: a Mailbox belongs to its shard; PostOffice is made before and dies after all shards.
// Bounds:  each ring holds messages_max; a full ring refuses, and the sender decides what that
//          means. drain() hands out at most `max` and remembers that more is left.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "core/shard_count.h"
#include "core/spsc_ring.h"

namespace headrace::core {

class Io;

struct Message {
  std::uint32_t kind = 0;  // whose meaning the layers above define
  std::uint32_t from = 0;  // the sending shard; filled in by post()
  std::uint64_t a = 0;
  std::uint64_t b = 0;
};

static_assert(sizeof(Message) == 24);

// A set of shards as bits.
class ShardSet {
 public:
  static constexpr std::size_t kWords = kShardsMax / 64;
  std::array<std::uint64_t, kWords> words{};

  [[nodiscard]] bool empty() const;
  // The first member at or behind `shard`, going round; the set is not empty.
  [[nodiscard]] std::uint32_t next_from(std::uint32_t shard) const;
  void add(std::uint32_t shard) { words[shard / 64] |= bit(shard); }
  void remove(std::uint32_t shard) { words[shard / 64] &= ~bit(shard); }
  [[nodiscard]] static std::uint64_t bit(std::uint32_t shard) {
    return std::uint64_t{1} << (shard % 64);
  }
};

class PostOffice {
 public:
  PostOffice(std::uint32_t shards, std::size_t messages_max);
  PostOffice(const PostOffice&) = delete;
  PostOffice& operator=(const PostOffice&) = delete;

  [[nodiscard]] std::uint32_t shards() const { return shards_; }
  // Whose bell to ring. For every shard before the first one runs.
  void attach(std::uint32_t shard, Io& io);
  static std::size_t planned_bytes(std::uint32_t shards, std::size_t messages_max);

 private:
  friend class Mailbox;

  struct alignas(kCacheLineBytes) Pending {
    std::array<std::atomic<std::uint64_t>, ShardSet::kWords> words{};
  };

  [[nodiscard]] SpscRing<Message>& ring(std::uint32_t from, std::uint32_t to) {
    return *rings_[std::size_t{from} * shards_ + to];
  }

  std::uint32_t shards_;
  std::vector<std::unique_ptr<SpscRing<Message>>>
      rings_;                           // by from, to; none from a shard to itself
  std::unique_ptr<Pending[]> pending_;  // by destination
  std::vector<Io*> ios_;
};

class Mailbox {
 public:
  Mailbox(PostOffice& office, std::uint32_t shard);

  // False when the ring to that shard is full. `to` is another shard.
  [[nodiscard]] bool post(std::uint32_t to, Message message);
  // Wakes those that were posted to since the last call. Called by the shard once a turn.
  void ring_bells(Io& own);

  // Hands out at most `max` messages in order per sender, senders taken in turn.
  // `take` takes a const Message&.
  template <class Take>
  std::size_t drain(std::size_t max, Take&& take) {
    collect_pending();
    std::size_t taken = 0;
    Message message;
    while (taken < max && next(message)) {
      ++taken;
      take(message);
    }
    return taken;
  }
  // Messages were left behind by the last drain().
  [[nodiscard]] bool backlog() const { return !waiting_.empty(); }

 private:
  void collect_pending();
  bool next(Message& message);

  PostOffice& office_;
  std::uint32_t shard_;
  std::uint32_t turn_ = 0;  // the sender served next
  ShardSet waiting_;        // senders whose rings may hold something
  ShardSet bells_;          // destinations posted to since the last ring_bells()
};

}  // namespace headrace::core
