// The synchronous calls on sockets. None of them waits.
//
// Sockets are not O_NONBLOCK: io_uring would answer -EAGAIN instead of waiting for them.
#include <cerrno>

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/check.h"
#include "core/uring/backend.h"
#include "core/uring/startup_error.h"

namespace headrace::core {
namespace {

int number(Socket socket) {
  return static_cast<int>(socket);
}

bool set_option(int descriptor, int level, int option) {
  const int on = 1;
  return setsockopt(descriptor, level, option, &on, sizeof on) == 0;
}

// A Unix socket that nobody listens on any more, left behind by a process that was killed.
bool is_abandoned(const SocketAddress& address) {
  const auto* path = reinterpret_cast<const sockaddr_un*>(address.native())->sun_path;
  struct stat status{};
  if (stat(path, &status) != 0 || !S_ISSOCK(status.st_mode)) return false;
  const int probe = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (probe < 0) return false;
  const bool refused =
      ::connect(probe, address.native(), address.native_length()) != 0 && errno == ECONNREFUSED;
  ::close(probe);
  return refused;
}

bool bind_to(int descriptor, const SocketAddress& address) {
  if (::bind(descriptor, address.native(), address.native_length()) == 0) return true;
  if (errno != EADDRINUSE || !address.is_unix()) return false;
  if (!is_abandoned(address)) {
    errno = EADDRINUSE;
    return false;
  }
  ::unlink(reinterpret_cast<const sockaddr_un*>(address.native())->sun_path);
  return ::bind(descriptor, address.native(), address.native_length()) == 0;
}

// The call that failed, with errno set; null when all is well.
const char* make_listener(int descriptor, const SocketAddress& address, int backlog) {
  if (!address.is_unix()) {
    const bool set = set_option(descriptor, SOL_SOCKET, SO_REUSEADDR) &&
                     set_option(descriptor, SOL_SOCKET, SO_REUSEPORT) &&
                     // Accepted sockets inherit it.
                     set_option(descriptor, IPPROTO_TCP, TCP_NODELAY);
    if (!set) return "setsockopt";
  }
  if (!bind_to(descriptor, address)) return "bind";
  return ::listen(descriptor, backlog) == 0 ? nullptr : "listen";
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
  if (family != AF_UNIX) set_option(descriptor, IPPROTO_TCP, TCP_NODELAY);
  return Socket{descriptor};
}

std::expected<Socket, std::string> Io::listen(const SocketAddress& address, int backlog) {
  const int descriptor = ::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return std::unexpected(uring::listen_refused(errno, "socket", address));
  if (const char* failed = make_listener(descriptor, address, backlog)) {
    const int error = errno;
    ::close(descriptor);
    return std::unexpected(uring::listen_refused(error, failed, address));
  }
  return Socket{descriptor};
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
