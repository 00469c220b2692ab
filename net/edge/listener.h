// One listening socket of one shard (SO_REUSEPORT: every shard has its own for each address), and
// the connections that came in by it.
//
// Descriptors or connection slots used up: accepting pauses, without spinning, and goes on when a
// connection has closed or a moment has passed. Nothing that runs is touched.
//
// Draining: whoever has connected already is still served, with one answer.
//
// Threads: one shard.  Lifetime: until closed() and without connections.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "core/intrusive_list.h"
#include "core/io.h"
#include "core/op.h"
#include "core/timer_wheel.h"
#include "net/edge/downstream_connection.h"
#include "net/edge/listener_link.h"

namespace headrace::net {

struct ShardContext;

class Listener {
 public:
  Listener(ShardContext& shard, std::string address, core::Socket socket, ListenerLink link);
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  ~Listener();

  void start();
  // A reload: what new connections and requests are served by.
  void set_link(ListenerLink link);
  // No new connections; idle ones are closed, others end with their answer.
  void drain();
  // Everything, now.
  void close_connections();
  [[nodiscard]] bool quiet() const { return closed_ && connections_count_ == 0; }

  [[nodiscard]] bool draining() const { return draining_; }
  [[nodiscard]] const ListenerLink& link() const { return link_; }
  [[nodiscard]] const std::string& address() const { return address_; }
  // As bound: with the port that the kernel chose where the config says 0.
  [[nodiscard]] std::string local_address() const;
  [[nodiscard]] std::uint16_t port() const;  // 0 for a Unix socket
  [[nodiscard]] std::uint32_t connections() const { return connections_count_; }
  [[nodiscard]] core::Socket socket() const { return socket_; }

  // For its connections.
  void on_connection_gone(DownstreamConnection& connection);

 private:
  static constexpr int kAcceptsAtTheEndMax = 4096;
  static constexpr core::Duration kRetryPause = std::chrono::milliseconds(100);

  void on_accepted(core::Completion& completion);
  void on_closed(core::Completion& completion);
  void on_retry();
  void take(core::Socket socket);
  // The last descriptor goes only after those who wait to be accepted have been.
  void close_socket();
  void pause();
  void accept_again();

  ShardContext* shard_;
  std::string address_;
  ListenerLink link_;
  core::Socket socket_;
  core::Op accept_op_;
  core::Op control_op_;
  core::Timer retry_;
  core::IntrusiveList<DownstreamConnection> connections_;
  std::uint32_t connections_count_ = 0;
  bool draining_ = false;
  bool closed_for_good_ = false;  // nobody is served any more
  bool paused_ = false;
  bool closing_ = false;
  bool closed_ = false;
};

}  // namespace headrace::net
