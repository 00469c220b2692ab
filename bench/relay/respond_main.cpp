// headrace-respond: answers every HTTP/1.1 request on a kept connection with one fixed answer. An
// upstream that costs next to nothing, for benchmarks. It trusts its caller: requests have a
// Content-Length or no body.
#include <charconv>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <sched.h>

#include "core/io.h"

namespace headrace::bench {
namespace {

using core::Completion;
using core::Io;
using core::Op;
using core::Socket;

class Responder;

class Connection {
 public:
  Connection(Io& io, Responder& responder);
  void start(Socket socket);

 private:
  void on_received(Completion& completion);
  void on_sent(Completion& completion);
  void on_closed(Completion& completion);
  // Counts the requests that end in these bytes.
  void take(std::string_view bytes);
  void go_on();

  Io& io_;
  Responder& responder_;
  Op receive_;
  Op send_;
  Op close_;
  Socket socket_ = Socket::none;
  std::string head_;  // what has come of a head that is not whole
  std::size_t body_left_ = 0;
  std::size_t unanswered_ = 0;
  bool ended_ = false;
};

class Responder {
 public:
  Responder(Io& io, unsigned status, std::size_t answer_bytes) : io_(io) {
    accept_.bind<&Responder::on_accepted>(this);
    answer_ = fmt::format(
        "HTTP/1.1 {} \r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{}", status,
        answer_bytes, std::string(answer_bytes, 'x'));
  }
  void listen(Socket listener) {
    listener_ = listener;
    io_.accept_multishot(accept_, listener);
  }
  void recycle(Connection& connection) { free_.push_back(&connection); }
  [[nodiscard]] const std::string& answer() const { return answer_; }

 private:
  void on_accepted(Completion& completion) {
    if (completion.result >= 0) {
      if (free_.empty()) {
        all_.push_back(std::make_unique<Connection>(io_, *this));
        free_.push_back(all_.back().get());
      }
      Connection* connection = free_.back();
      free_.pop_back();
      connection->start(Socket{completion.result});
    }
    if (!completion.more) io_.accept_multishot(accept_, listener_);
  }

  Io& io_;
  std::string answer_;
  Op accept_;
  Socket listener_ = Socket::none;
  std::vector<std::unique_ptr<Connection>> all_;
  std::vector<Connection*> free_;
};

Connection::Connection(Io& io, Responder& responder) : io_(io), responder_(responder) {
  receive_.bind<&Connection::on_received>(this);
  send_.bind<&Connection::on_sent>(this);
  close_.bind<&Connection::on_closed>(this);
}

void Connection::start(Socket socket) {
  socket_ = socket;
  head_.clear();
  body_left_ = unanswered_ = 0;
  ended_ = false;
  io_.recv_multishot(receive_, socket_, core::BufferGroup::small);
}

void Connection::on_received(Completion& completion) {
  if (completion.buffer) {
    const auto bytes = completion.buffer.bytes();
    take({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  } else if (completion.result != -ENOBUFS) {
    ended_ = true;
  }
  if (!completion.more && !ended_) io_.recv_multishot(receive_, socket_, core::BufferGroup::small);
  go_on();
}

void Connection::take(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t of_body = std::min(body_left_, bytes.size());
    body_left_ -= of_body;
    bytes.remove_prefix(of_body);
    if (of_body != 0 && body_left_ == 0) ++unanswered_;
    if (bytes.empty()) return;
    const std::size_t had = head_.size();
    head_.append(bytes);
    const std::size_t end = head_.find("\r\n\r\n", had < 3 ? 0 : had - 3);
    if (end == std::string::npos) return;
    bytes.remove_prefix(end + 4 - had);
    constexpr char kLength[] = "\r\ncontent-length: ";
    if (const char* at = strcasestr(head_.c_str(), kLength)) {
      std::from_chars(at + sizeof kLength - 1, head_.data() + end, body_left_);
    }
    head_.clear();
    if (body_left_ == 0) ++unanswered_;
  }
}

void Connection::go_on() {
  if (send_.in_flight() || close_.in_flight()) return;
  if (unanswered_ != 0 && !ended_) {
    --unanswered_;
    io_.send(send_, socket_, std::as_bytes(std::span(responder_.answer())));
  } else if (ended_ && !receive_.in_flight()) {
    io_.close(close_, socket_);
  }
}

void Connection::on_sent(Completion& completion) {
  if (completion.result < 0) unanswered_ = 0;
  go_on();
}

void Connection::on_closed(Completion&) {
  responder_.recycle(*this);
}

void pin_to(int cpu) {
  if (cpu < 0) return;
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<unsigned>(cpu), &set);
  sched_setaffinity(0, sizeof set, &set);
}

int fail(const std::string& error) {
  fmt::print(stderr, "headrace-respond: {}\n", error);
  return 1;
}

int run(const std::string& listen, unsigned status, std::size_t answer_bytes) {
  const auto address = core::SocketAddress::parse(listen);
  if (!address) return fail(address.error());
  auto io = Io::create({});
  if (!io) return fail(io.error());
  (*io)->enable();
  constexpr int kBacklog = 4096;
  const auto listener = (*io)->listen(*address, kBacklog);
  if (!listener) return fail(listener.error());
  Responder responder(**io, status, answer_bytes);
  responder.listen(*listener);
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
  CLI::App app{"Answers every HTTP request with one fixed answer"};
  std::string listen = "127.0.0.1:0";
  unsigned status = 200;
  std::size_t answer_bytes = 1000;
  int cpu = -1;
  app.add_option("--listen", listen, "Address to listen on; port 0 takes any free one");
  app.add_option("--status", status, "The answer's status")->check(CLI::Range(200, 599));
  app.add_option("--answer-bytes", answer_bytes, "Length of the answer's body");
  app.add_option("--cpu", cpu, "Core to run on");
  CLI11_PARSE(app, count, arguments);
  headrace::bench::pin_to(cpu);
  return headrace::bench::run(listen, status, answer_bytes);
}
