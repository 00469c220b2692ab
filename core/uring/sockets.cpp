// The synchronous calls on sockets. None of them waits.
//
// Sockets are not O_NONBLOCK: io_uring would answer -EAGAIN instead of waiting for them.
#include <cerrno>

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/check.h"
#include "core/uring/backend.h"
#include "core/uring/listening.h"

namespace headrace::core {
namespace {

int number(Socket socket) {
  return static_cast<int>(socket);
}

using NameCall = int (*)(int, sockaddr*, socklen_t*);

SocketAddress name_of(Socket socket, NameCall call) {
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  auto* native = reinterpret_cast<sockaddr*>(&storage);
  if (call(number(socket), native, &length) != 0) return {};
  return SocketAddress::from_native(native, length);
}

}  // namespace

std::expected<Socket, int> Io::open_socket(int family) {
  const int descriptor = ::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return std::unexpected(-errno);
  if (family != AF_UNIX) uring::send_at_once(descriptor);
  return Socket{descriptor};
}

std::expected<Socket, std::string> Io::listen(const SocketAddress& address, int backlog) {
  return uring::listen(address, backlog);
}

SocketAddress Io::local_address(Socket socket) const {
  return name_of(socket, ::getsockname);
}

SocketAddress Io::peer_address(Socket socket) const {
  return name_of(socket, ::getpeername);
}

void Io::reset_on_close(Socket socket) {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  // Without effect on a Unix socket, and on one that the peer has reset already.
  (void)setsockopt(number(socket), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

std::optional<Socket> Io::accept_now(Socket listener) {
  pollfd waiting{.fd = number(listener), .events = POLLIN, .revents = 0};
  if (::poll(&waiting, 1, 0) <= 0) return std::nullopt;
  // Who came may have gone again, or another shard have taken him: that must not block.
  const int flags = ::fcntl(number(listener), F_GETFL);
  ::fcntl(number(listener), F_SETFL, flags | O_NONBLOCK);
  const int descriptor = ::accept4(number(listener), nullptr, nullptr, SOCK_CLOEXEC);
  ::fcntl(number(listener), F_SETFL, flags);
  if (descriptor < 0) return std::nullopt;
  return Socket{descriptor};
}

std::expected<Socket, int> Io::share_listener(Socket listener) {
  const int descriptor = ::fcntl(number(listener), F_DUPFD_CLOEXEC, 0);
  if (descriptor < 0) return std::unexpected(-errno);
  return Socket{descriptor};
}

void Io::close_now(Socket socket) {
  HEADRACE_CHECK(::close(number(socket)) == 0 || errno != EBADF, "a socket was closed twice");
}

}  // namespace headrace::core
