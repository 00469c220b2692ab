// Resolves providers' names off the shards, with c-ares: an attendant's work (core/attendant.h).
//
// A shard asks for a name and is told up to kNameAddressesMax addresses and how long they hold (the
// records' TTL within bounds). It asks again by then; while that fails it goes on with what it has,
// and the event log hears of it once a minute, and when it is over.
//
// Threads: the attendant's. Waiting for DNS answers is its poll(2), never a shard's.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/attendant.h"
#include "core/socket_address.h"

struct ares_addrinfo;
struct ares_channeldata;

namespace headrace::net {

inline constexpr std::size_t kNameAddressesMax = 8;
inline constexpr std::size_t kHostBytesMax = 254;

struct NameRequest {
  std::uint64_t config = 0;  // which config asks: an answer may come after it has gone
  std::uint32_t provider = 0;
  std::uint16_t port = 0;
  std::array<char, kHostBytesMax> host{};  // ends with NUL
};

struct NameReply {
  std::uint64_t config = 0;
  std::uint32_t provider = 0;
  std::uint32_t count = 0;  // 0: the name could not be resolved
  std::uint32_t holds_seconds = 0;
  std::array<core::SocketAddress, kNameAddressesMax> addresses;
};

class NameWork {
 public:
  using Request = NameRequest;
  using Reply = NameReply;
  static constexpr std::uint32_t kHoldsSecondsMin = 5;
  static constexpr std::uint32_t kHoldsSecondsMax = 300;
  static constexpr std::uint32_t kRetrySeconds = 2;  // after a failure

  NameWork();
  ~NameWork();
  NameWork(const NameWork&) = delete;
  NameWork& operator=(const NameWork&) = delete;

  void on_request(std::uint32_t shard, const NameRequest& request,
                  core::AttendantReplies<NameReply>& replies);
  void on_poll(core::AttendantReplies<NameReply>& replies);
  // Until DNS has something to say, the bell rings, or `longest` has passed.
  void wait(int bell, std::chrono::milliseconds longest);

 private:
  struct Query;
  static void on_answer(void* query, int status, int timeouts, ::ares_addrinfo* answer);
  void tell_failure(const std::string& host, int status);
  void tell_success(const std::string& host);

  ares_channeldata* channel_ = nullptr;
  bool library_ready_ = false;
  // When it was last told that a name cannot be resolved: shards ask every few seconds.
  std::unordered_map<std::string, std::chrono::steady_clock::time_point> told_;
};

}  // namespace headrace::net
