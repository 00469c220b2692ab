// headrace-relay-by-epoll: what headrace-relay does without io_uring: edges told by epoll, one
// buffer that stays in the caches for all connections, a recv and a send each way and nothing in
// between. It shows what the kernel takes at least for a request that is relayed, whichever way it
// is asked.
//
// It makes no promises beyond a benchmark: errors end the connection, a reader that is slow holds
// everybody up.
#include <array>
#include <cerrno>
#include <vector>

#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/relay/plain_sockets.h"
#include "bench/relay/relay_command_line.h"

namespace {

using headrace::bench::die;

constexpr std::size_t kBufferBytes = 256 * 1024;
constexpr int kEventsMax = 256;

struct Connection;

struct Side {
  int socket;
  Connection* connection;
};

struct Connection {
  Side client;
  Side upstream;
  bool ended;

  [[nodiscard]] int other(const Side& side) const {
    return &side == &client ? upstream.socket : client.socket;
  }
};

int epoll;
std::array<char, kBufferBytes> buffer;
std::vector<Connection*> ended;  // freed when no event of this turn can name them

void watch(Side& side) {
  epoll_event event{.events = EPOLLIN | EPOLLRDHUP | EPOLLET, .data = {.ptr = &side}};
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, side.socket, &event) != 0) die("epoll_ctl");
}

// One: the listener says so again as long as there are more.
void accept_one(int listener, const sockaddr_in& upstream_address) {
  const int client = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
  if (client < 0) return;
  const int upstream = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connect(upstream, reinterpret_cast<const sockaddr*>(&upstream_address),
              sizeof upstream_address) != 0) {
    die("connect");
  }
  headrace::bench::without_delay(client);
  headrace::bench::without_delay(upstream);
  auto* connection = new Connection{};
  connection->client = {client, connection};
  connection->upstream = {upstream, connection};
  watch(connection->client);
  watch(connection->upstream);
}

void end(Connection& connection) {
  if (connection.ended) return;
  connection.ended = true;
  close(connection.client.socket);
  close(connection.upstream.socket);
  ended.push_back(&connection);
}

bool send_all(int socket, const char* bytes, std::size_t count) {
  while (count != 0) {
    const ssize_t sent = send(socket, bytes, count, MSG_NOSIGNAL);
    if (sent < 0) return false;
    bytes += sent;
    count -= static_cast<std::size_t>(sent);
  }
  return true;
}

// Until nothing is there. A buffer that is not filled says so as well, for one call less, unless
// the end is known to be behind it.
void relay(const Side& side, bool end_is_there) {
  Connection& connection = *side.connection;
  while (!connection.ended) {
    const ssize_t received = recv(side.socket, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (received < 0 && errno == EAGAIN) return;
    if (received <= 0 ||
        !send_all(connection.other(side), buffer.data(), static_cast<std::size_t>(received))) {
      end(connection);
      return;
    }
    if (static_cast<std::size_t>(received) < buffer.size() && !end_is_there) return;
  }
}

}  // namespace

// What escapes ends the program, with its message.
// NOLINTNEXTLINE(bugprone-exception-escape)
int main(int count, char** arguments) {
  const headrace::bench::RelayCommandLine line =
      headrace::bench::read_command_line("The bare TCP relay, on epoll", count, arguments);
  headrace::bench::run_on(line.cpu);
  const sockaddr_in upstream_address = headrace::bench::parse_address(line.upstream);
  epoll = epoll_create1(EPOLL_CLOEXEC);
  if (epoll < 0) die("epoll_create1");
  Side listener{headrace::bench::listen_on(line.listen), nullptr};
  epoll_event listening{.events = EPOLLIN, .data = {.ptr = &listener}};
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, listener.socket, &listening) != 0) die("epoll_ctl");
  std::array<epoll_event, kEventsMax> events;
  for (;;) {
    const int ready = epoll_wait(epoll, events.data(), kEventsMax, -1);
    for (int i = 0; i < ready; ++i) {
      const epoll_event& event = events[static_cast<std::size_t>(i)];
      auto& side = *static_cast<Side*>(event.data.ptr);
      if (side.connection == nullptr) {
        accept_one(listener.socket, upstream_address);
      } else {
        relay(side, (event.events & EPOLLRDHUP) != 0);
      }
    }
    for (Connection* connection : ended)
      delete connection;
    ended.clear();
  }
}
