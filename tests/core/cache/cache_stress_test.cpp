// Many threads look things up, fill and evict at once, each the home of one partition. What is
// found must be whole and the right one, and at the end nothing may be left.
#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "core/cache/cache_builder.h"
#include "core/random.h"
#include "tests/core/cache/cache_entries.h"

namespace headrace::core {
namespace {

constexpr std::uint32_t kThreads = 4;
constexpr std::uint64_t kKeys = 3'000;
constexpr int kRounds = 15'000;

std::size_t bytes_of(std::uint64_t number) {
  return 1 + number * 37 % 9'000;
}

// Entries on their way to their home, as the mailbox takes them there.
struct Inbox {
  std::mutex mutex;
  std::vector<std::uint32_t> entries;
};

TEST(CacheStress, WhatIsFoundIsWholeWhateverOthersEvictAndFillMeanwhile) {
  CacheStore store(2 * 1024 * 1024, kThreads);
  std::array<Inbox, kThreads> inboxes;
  std::atomic<std::uint64_t> hits{0};
  std::atomic<std::uint64_t> wrong{0};
  std::vector<std::unique_ptr<CachePartition>> homes;
  for (std::uint32_t i = 0; i < kThreads; ++i)
    homes.push_back(std::make_unique<CachePartition>(store, i));
  std::vector<std::thread> threads;
  for (std::uint32_t me = 0; me < kThreads; ++me) {
    threads.emplace_back([&, me] {
      CachePartition& home = *homes[me];
      Random random(me + 1);
      std::vector<CacheHold> slow;
      const auto take_in = [&] {
        std::vector<std::uint32_t> arrived;
        {
          const std::lock_guard lock(inboxes[me].mutex);
          arrived.swap(inboxes[me].entries);
        }
        for (const std::uint32_t entry : arrived)
          home.insert(CacheHold::adopt(store.memory(), entry), kCacheTestStart);
      };
      for (int round = 0; round < kRounds; ++round) {
        take_in();
        if (round % 16 == 0) std::this_thread::yield();  // where cores are few, all have a turn
        // A few keys are asked for by everybody.
        const std::uint64_t number = random.one_in(2) ? random.below(20) : random.below(kKeys);
        const CacheKey key = cache_key(number);
        CacheHold hold = store.find(key, kCacheTestStart);
        if (hold) {
          hits.fetch_add(1, std::memory_order_relaxed);
          if (body_of(hold) != cache_body(number, bytes_of(number))) wrong.fetch_add(1);
          if (random.one_in(20)) slow.push_back(std::move(hold));
          if (slow.size() > 10) slow.erase(slow.begin());
          continue;
        }
        CacheHold built = build_entry(store, home, key, cache_body(number, bytes_of(number)));
        if (!built) continue;
        const std::uint32_t to = store.home_of(key.hash);
        if (to == me) {
          home.insert(built, kCacheTestStart);
        } else {
          const std::lock_guard lock(inboxes[to].mutex);
          // Not more than a mailbox holds: the memory of what waits there is missed elsewhere.
          if (inboxes[to].entries.size() < 16) {
            inboxes[to].entries.push_back(built.release_for_handing());
          }
        }
        if (random.one_in(50)) home.evict_one(kCacheTestStart);
      }
      slow.clear();
      take_in();
    });
  }
  for (std::thread& thread : threads)
    thread.join();
  for (Inbox& inbox : inboxes) {
    for (const std::uint32_t entry : inbox.entries)
      store.memory().release(entry);
  }
  homes.clear();
  EXPECT_EQ(wrong.load(), 0U);
  EXPECT_GT(hits.load(), kRounds / 4U);
  EXPECT_EQ(store.memory().blocks_taken(), 0U);
  EXPECT_EQ(store.memory().entries_taken(), 0U);
}

}  // namespace
}  // namespace headrace::core
