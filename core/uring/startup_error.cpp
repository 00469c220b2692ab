#include "core/uring/startup_error.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <string_view>

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "core/uring/ring.h"

namespace headrace::core::uring {
namespace {

constexpr const char* kSysctl = "/proc/sys/kernel/io_uring_disabled";
constexpr std::uint16_t kPrivilegedPortsEnd = 1024;

std::string first_word(const char* path) {
  std::ifstream file(path);
  std::string word;
  file >> word;
  return word;
}

bool filtered_by_seccomp() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("Seccomp:")) return line.find_first_of("12") != std::string::npos;
  }
  return false;
}

std::string forbidden() {
  const std::string setting = first_word(kSysctl);
  if (setting == "2" || setting == "1") {
    return fmt::format(
        "io_uring is forbidden on this machine{}: {} is {}. Allow it with: "
        "sysctl -w kernel.io_uring_disabled=0",
        setting == "1" ? " to unprivileged processes" : "", kSysctl, setting);
  }
  if (filtered_by_seccomp()) {
    return "io_uring is forbidden to this process by a seccomp filter, as container runtimes set "
           "it "
           "by default. Allow io_uring_setup, io_uring_enter and io_uring_register in the "
           "container's profile: docker run --security-opt seccomp=<profile.json>; under systemd: "
           "SystemCallFilter=@system-service";
  }
  return "io_uring is forbidden to this process by a security policy (SELinux, AppArmor or the "
         "like). See: journalctl -k | grep -i denied";
}

bool is_socket(const SocketAddress& address) {
  struct stat status{};
  const auto* path = reinterpret_cast<const sockaddr_un*>(address.native())->sun_path;
  return stat(path, &status) == 0 && S_ISSOCK(status.st_mode);
}

std::string limit_text(rlim_t limit) {
  return limit == RLIM_INFINITY ? std::string("unlimited") : fmt::format("{} bytes", limit);
}

std::string memory_short(const IoOptions& options) {
  rlimit limit{};
  getrlimit(RLIMIT_MEMLOCK, &limit);
  return fmt::format(
      "there is not enough lockable memory for an io_uring: the rings of one shard take {} "
      "bytes, the limit for all processes of this user together is {}. Raise it with: "
      "ulimit -l unlimited; under systemd: LimitMEMLOCK=infinity; in a container: "
      "docker run --ulimit memlock=-1:-1",
      locked_bytes(options), limit_text(limit.rlim_cur));
}

std::string descriptors_short(int error) {
  if (error == ENFILE) {
    return "the machine has no file descriptors left. Raise the limit with: "
           "sysctl -w fs.file-max=<more>";
  }
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  return fmt::format(
      "this process has used up its file descriptors (limit {}). Raise it with: "
      "ulimit -n 65536; under systemd: LimitNOFILE=65536",
      limit.rlim_cur);
}

}  // namespace

std::size_t locked_bytes(const IoOptions& options) {
  const std::size_t buffers = std::size_t{options.small_buffers} + options.bulk_buffers;
  return Ring::planned_bytes(options) + buffers * sizeof(io_uring_buf);
}

std::string ring_refused(int error, const IoOptions& options) {
  switch (error) {
    case EPERM:
    case EACCES:
      return forbidden();
    case ENOSYS:
      return "this kernel has no io_uring. Headrace needs Linux 6.1 or later; see: uname -r";
    case ENOMEM:
      return memory_short(options);
    case EMFILE:
    case ENFILE:
      return descriptors_short(error);
    case EINVAL:
      return fmt::format(
          "the kernel refuses an io_uring with {} submission and {} completion entries, {} small "
          "and "
          "{} bulk buffers (powers of two; at most 32768, 65536, 32768 and 32768). If these are "
          "right the kernel is too old: Headrace needs Linux 6.1 or later; see: uname -r",
          options.submission_entries, options.completion_entries, options.small_buffers,
          options.bulk_buffers);
    default:
      return fmt::format("io_uring cannot be had: {}", std::strerror(error));
  }
}

std::string listen_refused(int error, const char* call, const SocketAddress& address) {
  const std::string what = fmt::format("cannot listen on {}: ", address.text());
  switch (error) {
    case EADDRINUSE:
      if (address.is_unix()) {
        if (!is_socket(address)) return what + "a file that is no socket stands there. Remove it";
        return what + "another process is listening on that socket. See which: ss -lxp";
      }
      return what +
             fmt::format("the port is taken by another process. See which: ss -ltnp 'sport = :{}'",
                         address.port());
    case EADDRNOTAVAIL:
      return what + "this machine does not have that address. See which it has: ip address";
    case EACCES:
    case EPERM:
      if (address.is_unix()) return what + "its folder may not be written by this user";
      if (address.port() < kPrivilegedPortsEnd) {
        return what + fmt::format(
                          "ports below 1024 need a privilege. Give it: setcap "
                          "cap_net_bind_service=+ep <program>; under systemd: "
                          "AmbientCapabilities=CAP_NET_BIND_SERVICE; or allow all: sysctl -w "
                          "net.ipv4.ip_unprivileged_port_start={}",
                          address.port());
      }
      return what + "not permitted by a security policy";
    case ENOENT:
      return what + "its folder does not exist";
    case EMFILE:
    case ENFILE:
      return what + descriptors_short(error);
    case EAFNOSUPPORT:
      return what + "this machine has no such protocol (is IPv6 switched off?)";
    default:
      return what + fmt::format("{}: {}", call, std::strerror(error));
  }
}

}  // namespace headrace::core::uring
