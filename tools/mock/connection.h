// One connection to the mock: reads requests, waits and sends what a Reply says, notices that the
// other side has left.
//
//   reading -> (request) -> answering -> reading ...      pipelined requests wait their turn
//                               |
//                               +-> ending -> closed      finish, then linger for the peer's end
//
// Lifetime: in the shard's pool, from accept to the channel's on_closed.
#pragma once

#include <string>

#include "core/timer_wheel.h"
#include "tools/channel/channel.h"
#include "tools/mock/reply.h"
#include "tools/mock/request_info.h"
#include "tools/mock/request_reader.h"

namespace headrace::tools::mock {

class MockShard;

class Connection final : private ChannelEvents {
 public:
  explicit Connection(MockShard& shard);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() = default;

  void accept(core::Socket socket, const Channel::ServerTls& tls);
  // Ends now, whatever is going on.
  void abort();

 private:
  // Pipelined requests beyond this end the connection.
  static constexpr std::size_t kHeldBytesMax = 1024 * 1024;
  // How long an ended connection waits for the peer's end before it is closed.
  static constexpr core::Duration kLinger = std::chrono::seconds(2);
  // A stream that fell further behind its schedule than this does not catch up.
  static constexpr core::Duration kScheduleLagMax = std::chrono::seconds(1);

  void on_open() override;
  void on_bytes(std::span<std::byte> bytes) override;
  void on_sent() override;
  void on_end(ChannelEnd end) override;
  void on_closed() override;

  void take(std::span<std::byte> input, bool padded);
  void take_held();
  void on_head();
  void on_request();
  void on_malformed();
  void begin_reply(std::string_view body);
  void advance();
  void on_time();
  void on_read_pause_over();
  void send_step();
  void finish_step();
  void note_outcome(bool completed, bool by_peer);
  void end_orderly();
  void arm_idle();

  MockShard& shard_;
  Channel channel_;
  RequestReader reader_;
  RequestInfo info_;
  Reply reply_;
  Step step_;
  core::Timer timer_;  // the next step; idle; linger
  core::Timer read_pause_;
  core::Instant due_;    // of the current step
  core::Instant began_;  // of the current request
  std::uint64_t requests_ = 0;
  bool answering_ = false;
  bool ending_ = false;
  bool continue_sent_ = false;    // "100 Continue" is being sent
  bool start_when_sent_ = false;  // the answer waits for that
  std::string wrong_setting_;
  std::string head_;  // of the request being read
  std::string held_;  // bytes of requests to come
};

}  // namespace headrace::tools::mock
