// headrace-relay: a bare TCP relay on the io seam. Every connection that comes in gets one of its
// own to the upstream, kept as long as it; bytes pass both ways and nothing is read of them. What
// it costs is what the kernel and the seam cost: the ground that the gateway stands on.
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <sched.h>

#include "bench/relay/flow.h"
#include "core/io.h"

namespace headrace::bench {
namespace {

using core::Completion;
using core::Io;
using core::Op;
using core::Socket;
using core::SocketAddress;

class Relay;

class Connection final : FlowOwner {
 public:
  Connection(Io& io, LeasePlaces& places, Relay& relay);
  void start(Socket downstream);

 private:
  void on_connected(Completion& completion);
  void on_flow_progress() override;
  void on_closed(Completion& completion);
  void close();

  Io& io_;
  Relay& relay_;
  Op connect_;
  Op close_downstream_;
  Op close_upstream_;
  Op end_downstream_;
  Op end_upstream_;
  Flow up_;
  Flow down_;
  Socket downstream_ = Socket::none;
  Socket upstream_ = Socket::none;
  bool ending_ = false;
  bool closing_ = false;
};

class Relay {
 public:
  Relay(Io& io, std::size_t buffers, const SocketAddress& upstream, bool splices)
      : io_(io), places_(buffers), upstream_(upstream), splices_(splices) {
    accept_.bind<&Relay::on_accepted>(this);
  }
  void listen(Socket listener) {
    listener_ = listener;
    io_.accept_multishot(accept_, listener);
  }
  void recycle(Connection& connection) { free_.push_back(&connection); }
  [[nodiscard]] const SocketAddress& upstream() const { return upstream_; }
  [[nodiscard]] bool splices() const { return splices_; }

 private:
  void on_accepted(Completion& completion) {
    if (completion.result >= 0) {
      if (free_.empty()) {
        all_.push_back(std::make_unique<Connection>(io_, places_, *this));
        free_.push_back(all_.back().get());
      }
      Connection* connection = free_.back();
      free_.pop_back();
      connection->start(Socket{completion.result});
    }
    if (!completion.more) io_.accept_multishot(accept_, listener_);
  }

  Io& io_;
  LeasePlaces places_;
  SocketAddress upstream_;
  bool splices_;
  Op accept_;
  Socket listener_ = Socket::none;
  std::vector<std::unique_ptr<Connection>> all_;
  std::vector<Connection*> free_;
};

Connection::Connection(Io& io, LeasePlaces& places, Relay& relay)
    : io_(io),
      relay_(relay),
      up_(io, places, *this, relay.splices()),
      down_(io, places, *this, relay.splices()) {
  connect_.bind<&Connection::on_connected>(this);
  for (Op* op : {&close_downstream_, &close_upstream_, &end_downstream_, &end_upstream_}) {
    op->bind<&Connection::on_closed>(this);
  }
}

void Connection::start(Socket downstream) {
  downstream_ = downstream;
  ending_ = closing_ = false;
  const auto upstream = io_.open_socket(relay_.upstream().family());
  if (!upstream) {
    io_.close_now(downstream_);
    relay_.recycle(*this);
    return;
  }
  upstream_ = *upstream;
  io_.connect(connect_, upstream_, relay_.upstream());
}

void Connection::on_connected(Completion& completion) {
  if (completion.result != 0) {
    ending_ = true;
    close();
    return;
  }
  up_.start(downstream_, upstream_);
  down_.start(upstream_, downstream_);
}

void Connection::on_flow_progress() {
  if (!ending_) {
    const bool over = up_.ended() && down_.ended();
    if (!over && !up_.failed() && !down_.failed()) return;
    ending_ = true;
    up_.stop();
    down_.stop();
    // Ends what is still in flight.
    io_.shutdown(end_downstream_, downstream_);
    io_.shutdown(end_upstream_, upstream_);
  }
  close();
}

void Connection::close() {
  if (closing_ || !up_.quiet() || !down_.quiet() || end_downstream_.in_flight() ||
      end_upstream_.in_flight()) {
    return;
  }
  closing_ = true;
  io_.close(close_downstream_, downstream_);
  io_.close(close_upstream_, upstream_);
}

void Connection::on_closed(Completion&) {
  if (!closing_) {
    close();
  } else if (!close_downstream_.in_flight() && !close_upstream_.in_flight()) {
    relay_.recycle(*this);
  }
}

void pin_to(int cpu) {
  if (cpu < 0) return;
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<unsigned>(cpu), &set);
  sched_setaffinity(0, sizeof set, &set);
}

int fail(const std::string& error) {
  fmt::print(stderr, "headrace-relay: {}\n", error);
  return 1;
}

int run(const std::string& listen, const std::string& upstream, int spin_us, bool splices) {
  core::IoOptions options;
  options.spin = std::chrono::microseconds(spin_us);
  const auto listen_address = SocketAddress::parse(listen);
  if (!listen_address) return fail(listen_address.error());
  const auto upstream_address = SocketAddress::parse(upstream);
  if (!upstream_address) return fail(upstream_address.error());
  auto io = Io::create(options);
  if (!io) return fail(io.error());
  (*io)->enable();
  constexpr int kBacklog = 4096;
  const auto listener = (*io)->listen(*listen_address, kBacklog);
  if (!listener) return fail(listener.error());
  Relay relay(**io, options.small_buffers + options.bulk_buffers, *upstream_address, splices);
  relay.listen(*listener);
  fmt::print("listening on {}\n", (*io)->local_address(*listener).text());
  std::fflush(stdout);
  for (;;)
    (*io)->turn(core::kNever);
}

}  // namespace
}  // namespace headrace::bench

// What escapes ends the program, with its message.
// NOLINTNEXTLINE(bugprone-exception-escape)
int main(int count, char** arguments) {
  CLI::App app{"A bare TCP relay on Headrace's io seam"};
  std::string listen = "127.0.0.1:0";
  std::string upstream;
  int cpu = -1;
  int spin_us = 0;
  bool splices = false;
  app.add_option("--listen", listen, "Address to listen on; port 0 takes any free one");
  app.add_option("--upstream", upstream, "Address that connections are relayed to")->required();
  app.add_option("--cpu", cpu, "Core to run on");
  app.add_option("--spin-us", spin_us, "Poll so many microseconds before sleeping");
  app.add_flag("--splice", splices, "Splice big flows instead of receiving and sending them");
  CLI11_PARSE(app, count, arguments);
  headrace::bench::pin_to(cpu);
  return headrace::bench::run(listen, upstream, spin_us, splices);
}
