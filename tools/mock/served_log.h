// What the mock was asked and what it gave: for tests to compare with what a gateway says.
//
// Threads: written by one shard, read and reset by any thread; one mutex, hardly ever contended.
//          (A mock may take a lock; a data plane may not.)
// Bounds:  every list here has a named maximum. What did not fit is counted.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/clock.h"
#include "tools/mock/answer_plan.h"
#include "tools/mock/request_info.h"

namespace headrace::tools::mock {

inline constexpr std::size_t kRequestIdsMax = 262'144;
inline constexpr std::size_t kLastRequestsMax = 64;
inline constexpr std::size_t kLastBodyBytesMax = 64 * 1024;
inline constexpr std::size_t kAbortsMax = 1024;
inline constexpr std::size_t kCredentialsMax = 256;
inline constexpr std::size_t kParseErrorsMax = 64;

struct UsageSum {
  std::uint64_t prompt_tokens = 0;
  std::uint64_t cache_read_tokens = 0;
  std::uint64_t cache_write_tokens = 0;
  std::uint64_t text_tokens = 0;
  std::uint64_t reasoning_tokens = 0;
  void add(const TokenUsage& usage);
  void add(const UsageSum& other);
};

struct EndpointTally {
  std::uint64_t requests = 0;
  std::uint64_t completed = 0;  // the answer was sent whole
  std::uint64_t refused = 0;    // of those: status 400 and above
  std::uint64_t streamed = 0;   // of completed
  std::uint64_t aborted = 0;    // the other side left, or a fault cut the answer
  UsageSum usage;               // of completed answers, as told in them
  UsageSum usage_of_aborted;    // what was generated until then
  void add(const EndpointTally& other);
};

struct RequestIdTally {
  std::uint64_t requests = 0;
  std::uint64_t completed = 0;
  std::uint64_t aborted = 0;
  UsageSum usage;
  UsageSum usage_of_aborted;
  void add(const RequestIdTally& other);
};

struct AbortedAnswer {
  std::string request_id;
  Endpoint endpoint = Endpoint::unknown;
  bool by_peer = false;  // otherwise by a setting of ours
  std::uint64_t events_sent = 0;
  std::uint64_t bytes_sent = 0;
  std::int64_t at_unix_nanos = 0;
  std::int64_t after_request_nanos = 0;
};

struct LastRequest {
  std::uint64_t sequence = 0;
  std::int64_t at_unix_nanos = 0;
  std::uint64_t number_on_connection = 0;
  std::string method;
  std::string target;
  std::string request_id;
  std::string head;
  std::string body;  // at most kLastBodyBytesMax of it
  std::uint64_t body_bytes = 0;
  Endpoint endpoint = Endpoint::unknown;
  std::vector<Credential> credentials;
};

// How an answer ended.
struct AnswerOutcome {
  bool completed = false;
  bool by_peer = false;
  int status = 200;
  bool streamed = false;
  TokenUsage usage;  // of the answer as far as it was generated
  std::uint64_t events_sent = 0;
  std::uint64_t bytes_sent = 0;
  core::Duration took{};
};

// Sums over shards.
struct Served {
  std::uint64_t connections_accepted = 0;
  std::uint64_t connections_open = 0;
  std::uint64_t tls_handshakes_resumed = 0;
  std::uint64_t requests = 0;
  std::uint64_t requests_on_reused_connections = 0;
  std::uint64_t request_ids_overflowed = 0;
  std::uint64_t malformed_requests = 0;
  std::vector<std::string> parse_errors;
  std::array<std::uint64_t, 3> requests_by_credentials{};  // with none, one, more than one
  std::map<std::string, std::uint64_t> credentials;        // "bearer sk-..." -> requests
  std::array<EndpointTally, kEndpointCount> endpoints{};
  std::map<std::string, RequestIdTally> request_ids;
  std::vector<AbortedAnswer> aborts;
  void add(const Served& other);
};

struct ServedCounts {
  std::uint64_t requests = 0;
  std::uint64_t connections_accepted = 0;
};

class ServedLog {
 public:
  void connection_opened();
  void connection_closed();
  void handshake_resumed();
  void malformed(std::string_view error);
  // A head has come. Returns how often this request id has been seen, this time included; 1 for
  // requests without one.
  std::uint64_t request_began(const RequestInfo& info);
  // The body has come.
  void request_read(const RequestInfo& info, std::string_view head, std::string_view body,
                    std::uint64_t body_bytes, core::WallTime now);
  void answer_ended(const RequestInfo& info, const AnswerOutcome& outcome, core::WallTime now);

  void add_to(Served& sum) const;
  [[nodiscard]] ServedCounts counts() const;
  // Newest last.
  [[nodiscard]] std::vector<LastRequest> last_requests() const;
  // Forgets everything but connections that are open.
  void reset();

 private:
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>()(text);
    }
  };
  template <class Value>
  using ByText = std::unordered_map<std::string, Value, TextHash, std::equal_to<>>;

  void count_credentials(const RequestInfo& info);

  mutable std::mutex mutex_;
  Served sum_;  // without request_ids and credentials, which stand in the hashed tables
  ByText<RequestIdTally> request_ids_;
  ByText<std::uint64_t> credentials_;
  std::deque<LastRequest> last_;
};

}  // namespace headrace::tools::mock
