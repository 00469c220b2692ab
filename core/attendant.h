// Work that a shard must not wait for (names, journal, log text, certificates), done elsewhere:
// bounded queues between every shard and one piece of work.
//
//   shard --ask()--> [requests] --step()--> Work::on_request --reply()--> [replies]
//   --take_replies()
//                                                                 '--> wakes the shard
//
// The work is apart from the thread: an Attendant is driven by step(), in production by an
// AttendantThread, in the simulator by the world.
//
//   struct Work {
//     using Request = ...;  // trivially copyable
//     using Reply = ...;    // trivially copyable, or NoReply
//     void on_request(std::uint32_t shard, const Request&, AttendantReplies<Reply>&);
//     void on_poll(AttendantReplies<Reply>&);   // optional: every step, for answers that come late
//   };
//
// Threads: ask() and take_replies() of a shard number on that shard's thread; step() and everything
//          in Work on the attendant's.
// Bounds:  at most requests_max requests of a shard are unanswered; then ask() refuses. So there is
//          always room for a reply, and each request gets at most one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <type_traits>
#include <vector>

#include "core/attendant_bell.h"
#include "core/check.h"
#include "core/io.h"
#include "core/spsc_ring.h"

namespace headrace::core {

// For work that nobody waits for.
struct NoReply {};

template <class Reply>
class AttendantReplies {
 public:
  AttendantReplies(std::uint32_t shards, std::size_t replies_max) : ios_(shards, nullptr) {
    for (std::uint32_t shard = 0; shard < shards; ++shard) {
      rings_.push_back(std::make_unique<SpscRing<Reply>>(replies_max));
    }
  }

  // To the shard that asked; it is woken. Attendant's thread.
  void send(std::uint32_t shard, const Reply& reply) {
    HEADRACE_CHECK(rings_[shard]->producer().push(reply), "more replies than requests");
    if (ios_[shard] != nullptr) ios_[shard]->wake();
  }

 private:
  template <class Work>
  friend class Attendant;

  std::vector<std::unique_ptr<SpscRing<Reply>>> rings_;
  std::vector<Io*> ios_;
};

template <class Work>
class Attendant {
 public:
  using Request = typename Work::Request;
  using Reply = typename Work::Reply;
  static constexpr bool kReplies = !std::is_same_v<Reply, NoReply>;

  // The work must outlive the attendant. `requests_max` is rounded up to a power of two.
  Attendant(Work& work, std::uint32_t shards, std::size_t requests_max)
      : work_(work), unanswered_(shards), replies_(shards, kReplies ? requests_max : 1) {
    for (std::uint32_t shard = 0; shard < shards; ++shard) {
      requests_.push_back(std::make_unique<SpscRing<Request>>(requests_max));
    }
  }
  Attendant(const Attendant&) = delete;
  Attendant& operator=(const Attendant&) = delete;

  // Whose Io to wake for replies. Before anything is asked.
  void attach(std::uint32_t shard, Io& io) { replies_.ios_[shard] = &io; }

  // --- a shard's side ----------------------------------------------------------------------------
  // False when as many requests as the queue holds are unanswered.
  [[nodiscard]] bool ask(std::uint32_t shard, const Request& request) {
    SpscProducer<Request>& ring = requests_[shard]->producer();
    if (kReplies && unanswered_[shard].requests >= ring.capacity()) return false;
    if (!ring.push(request)) return false;
    if (kReplies) ++unanswered_[shard].requests;
    bell_.ring();
    return true;
  }

  // Hands out at most `max` replies: take(const Reply&). Returns how many.
  template <class Take>
  std::size_t take_replies(std::uint32_t shard, std::size_t max, Take&& take) {
    static_assert(kReplies);
    SpscConsumer<Reply>& ring = replies_.rings_[shard]->consumer();
    std::size_t taken = 0;
    Reply reply;
    while (taken < max && ring.pop(reply)) {
      ++taken;
      --unanswered_[shard].requests;
      take(reply);
    }
    return taken;
  }
  [[nodiscard]] std::size_t unanswered(std::uint32_t shard) const {
    return unanswered_[shard].requests;
  }

  // --- the attendant's side ----------------------------------------------------------------------
  // Hands at most `max` requests of each shard to the work, then lets it poll. Returns how many
  // requests there were.
  std::size_t step(std::size_t max) {
    std::size_t taken = 0;
    for (std::uint32_t shard = 0; shard < requests_.size(); ++shard) {
      SpscConsumer<Request>& ring = requests_[shard]->consumer();
      for (std::size_t i = 0; i < max; ++i) {
        const Request* request = ring.front();
        if (request == nullptr) break;
        work_.on_request(shard, *request, replies_);
        ring.drop_front();
        ++taken;
      }
    }
    if constexpr (requires { work_.on_poll(replies_); }) work_.on_poll(replies_);
    return taken;
  }

  [[nodiscard]] bool idle() {
    for (auto& ring : requests_) {
      if (!ring->consumer().empty()) return false;
    }
    return true;
  }

  [[nodiscard]] AttendantBell& bell() { return bell_; }
  [[nodiscard]] Work& work() { return work_; }

 private:
  struct alignas(kCacheLineBytes) Unanswered {
    std::size_t requests = 0;  // written by its shard only
  };

  Work& work_;
  std::vector<std::unique_ptr<SpscRing<Request>>> requests_;
  std::vector<Unanswered> unanswered_;
  AttendantReplies<Reply> replies_;
  AttendantBell bell_;
};

}  // namespace headrace::core
