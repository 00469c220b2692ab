#include "net/upstream/name_work.h"

#include <algorithm>
#include <limits>

#include <ares.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>

#include "core/event_log.h"

namespace headrace::net {

namespace {

// Of one family, so that a name with many addresses of the one keeps a few of the other: a host may
// be able to use only that.
constexpr std::size_t kOneFamilyMax = 6;
static_assert(kOneFamilyMax < kNameAddressesMax);

constexpr std::chrono::minutes kToldAgainAfter{1};
constexpr std::size_t kToldMax = 1024;

}  // namespace

struct NameWork::Query {
  NameWork* work;
  std::uint32_t shard;
  NameRequest request;
  core::AttendantReplies<NameReply>* replies;
};

NameWork::NameWork() {
  library_ready_ = ares_library_init(ARES_LIB_INIT_ALL) == ARES_SUCCESS;
  ares_options options{};
  options.timeout = 2000;  // milliseconds, of the first try
  options.tries = 3;
  if (!library_ready_ ||
      ares_init_options(&channel_, &options, ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES) != ARES_SUCCESS) {
    channel_ = nullptr;
    HEADRACE_EVENT(error, "names cannot be resolved: c-ares does not start");
  }
}

NameWork::~NameWork() {
  if (channel_ != nullptr) ares_destroy(channel_);
  if (library_ready_) ares_library_cleanup();
}

void NameWork::on_request(std::uint32_t shard, const NameRequest& request,
                          core::AttendantReplies<NameReply>& replies) {
  if (channel_ == nullptr) {
    replies.send(shard, NameReply{.config = request.config,
                                  .provider = request.provider,
                                  .count = 0,
                                  .holds_seconds = kRetrySeconds,
                                  .addresses = {}});
    return;
  }
  auto* query = new Query{this, shard, request, &replies};
  ares_addrinfo_hints hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  ares_getaddrinfo(channel_, query->request.host.data(), nullptr, &hints, &NameWork::on_answer,
                   query);
}

void NameWork::on_answer(void* object, int status, int, ::ares_addrinfo* answer) {
  const std::unique_ptr<Query> query(static_cast<Query*>(object));
  if (status == ARES_EDESTRUCTION) return;
  NameReply reply;
  reply.config = query->request.config;
  reply.provider = query->request.provider;
  int holds = std::numeric_limits<int>::max();
  if (status == ARES_SUCCESS && answer != nullptr) {
    std::size_t of_ipv6 = 0;
    std::size_t of_ipv4 = 0;
    for (const ares_addrinfo_node* node = answer->nodes;
         node != nullptr && reply.count < kNameAddressesMax; node = node->ai_next) {
      auto address = core::SocketAddress::from_native(node->ai_addr, node->ai_addrlen);
      if (address.empty()) continue;
      std::size_t& of_family = address.family() == AF_INET6 ? of_ipv6 : of_ipv4;
      if (of_family == kOneFamilyMax) continue;
      ++of_family;
      address.set_port(query->request.port);
      reply.addresses[reply.count++] = address;
      holds = std::min(holds, node->ai_ttl);
    }
  }
  if (answer != nullptr) ares_freeaddrinfo(answer);
  if (reply.count == 0) {
    reply.holds_seconds = kRetrySeconds;
    query->work->tell_failure(query->request.host.data(), status);
  } else {
    query->work->tell_success(query->request.host.data());
    // From the hosts file a name comes without a TTL.
    reply.holds_seconds = holds <= 0 ? kHoldsSecondsMin
                                     : std::clamp(static_cast<std::uint32_t>(holds),
                                                  kHoldsSecondsMin, kHoldsSecondsMax);
  }
  query->replies->send(query->shard, reply);
}

void NameWork::tell_failure(const std::string& host, int status) {
  const auto now = std::chrono::steady_clock::now();
  // Names that configs before this one had are never asked for again.
  if (told_.size() >= kToldMax) told_.clear();
  const auto [told, is_first] = told_.try_emplace(host, now);
  if (!is_first && now - told->second < kToldAgainAfter) return;
  told->second = now;
  HEADRACE_EVENT(warning, "the name {} cannot be resolved: {}", host, ares_strerror(status));
}

void NameWork::tell_success(const std::string& host) {
  if (told_.erase(host) == 0) return;
  HEADRACE_EVENT(info, "the name {} is resolved again", host);
}

void NameWork::on_poll(core::AttendantReplies<NameReply>&) {
  if (channel_ != nullptr) ares_process_fd(channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
}

void NameWork::wait(int bell, std::chrono::milliseconds longest) {
  std::array<ares_socket_t, ARES_GETSOCK_MAXNUM> sockets{};
  std::array<pollfd, ARES_GETSOCK_MAXNUM + 1> polled{};
  polled[0] = {bell, POLLIN, 0};
  nfds_t count = 1;
  if (channel_ != nullptr) {
    const auto bits = static_cast<unsigned>(
        ares_getsock(channel_, sockets.data(), static_cast<int>(sockets.size())));
    for (unsigned i = 0; i < sockets.size(); ++i) {
      short events = 0;
      if (ARES_GETSOCK_READABLE(bits, i)) events |= POLLIN;
      if (ARES_GETSOCK_WRITABLE(bits, i)) events |= POLLOUT;
      if (events != 0) polled[count++] = {sockets[i], events, 0};
    }
    timeval longest_wait{.tv_sec = longest.count() / 1000,
                         .tv_usec = (longest.count() % 1000) * 1000};
    timeval wait{};
    if (const timeval* due = ares_timeout(channel_, &longest_wait, &wait); due != nullptr) {
      longest = std::chrono::milliseconds(due->tv_sec * 1000 + due->tv_usec / 1000);
    }
  }
  if (::poll(polled.data(), count, static_cast<int>(longest.count())) <= 0) return;
  for (nfds_t i = 1; i < count; ++i) {
    if (polled[i].revents == 0) continue;
    ares_process_fd(
        channel_, polled[i].revents & (POLLIN | POLLERR | POLLHUP) ? polled[i].fd : ARES_SOCKET_BAD,
        polled[i].revents & POLLOUT ? polled[i].fd : ARES_SOCKET_BAD);
  }
}

}  // namespace headrace::net
