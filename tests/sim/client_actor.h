// A client that makes a number of requests, over as many connections as it takes, and judges every
// answer byte for byte.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>

#include "core/socket_address.h"
#include "tests/sim/introduction.h"
#include "tests/sim/ledger.h"
#include "tests/sim/message_reader.h"
#include "tests/sim/sim_socket.h"
#include "tests/sim/tls_world.h"

namespace headrace::sim {

struct ClientOptions {
  std::uint32_t requests = 1;
  bool well_behaved = true;           // neither leaves nor dawdles: each request is answered
  bool spared = true;                 // nor does a provider do it wrong: answered well
  bool refused_by_providers = false;  // whose failures may come through
  bool stays = false;                 // connected when it has no more to ask, until it is sent away
  bool cramped = false;               // the gateway may have no room for a connection or a head
  bool dawdles = false;               // sends a little now and then
  bool proxied = false;               // a proxy may say whose its connections are
  TlsWorld* tls = nullptr;            // speaks TLS
  bool may_be_late = false;  // the gateway is ending: what no provider has seen may be lost
};

class ClientActor {
 public:
  ClientActor(Ledger& ledger, const core::SocketAddress& gateway, const ClientOptions& options);
  ClientActor(const ClientActor&) = delete;
  ClientActor& operator=(const ClientActor&) = delete;

  void start();
  [[nodiscard]] bool done() const { return done_; }
  [[nodiscard]] std::string state() const;

 private:
  struct Piece {
    std::string bytes{};
    core::Duration pause{};
    bool needs_continue = false;
    bool whole = false;  // never split on its way
  };

  void connect();
  void introduce_itself();
  void send_batch();
  void write_request(Request& request);
  void write_body(const Request& request);
  // True: it is to be known by what its connection has shown.
  [[nodiscard]] bool leaves_key_out(Request& request) const;
  void add(std::string bytes, bool needs_continue = false);
  void pump();
  void go_on();
  void leave(bool reset);
  void end();

  void on_bytes(std::string_view bytes);
  void on_end();
  void on_over(bool reset);
  void judge(Request& request, const Message& message, bool whole);
  void judge_local(Request& request, const Message& message, bool whole);
  void judge_cut(const Request& request, std::string_view body);
  void violation(std::string what);

  Ledger& ledger_;
  core::SocketAddress gateway_;
  std::uint32_t left_;
  bool well_behaved_;
  bool spared_;
  bool stays_;
  bool may_be_late_;
  bool refused_by_providers_;
  bool cramped_;
  bool dawdles_;
  bool proxied_;
  TlsWorld* tls_;
  TlsMemory tls_memory_;
  ShownCertificate shown_ = ShownCertificate::none;  // by this connection
  Introduction introduction_;
  std::shared_ptr<Peer> peer_;
  std::unique_ptr<MessageReader> reader_;
  std::deque<Request*> awaiting_;
  std::deque<Piece> outgoing_;
  std::uint64_t connection_ = 0;  // tells old connections' events apart
  std::size_t leaves_in_bytes_ = SIZE_MAX;
  bool pumping_ = false;
  bool planned_ = false;  // the next batch
  bool continued_ = false;
  bool awaits_continue_ = false;
  bool ignores_rest_ = false;
  bool provokes_ = false;  // slow, or sends too much ahead: that may cost it its connection
  bool closing_ = false;   // the gateway said that it will close
  bool gone_ = false;      // we left; nothing further is sent
  bool over_ = true;
  bool done_ = false;
};

}  // namespace headrace::sim
