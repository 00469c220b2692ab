#include "net/shard_listeners.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/event_log.h"
#include "core/planted_bug.h"
#include "net/shard_config.h"
#include "net/shard_context.h"

namespace headrace::net {

namespace config = policy::config;

namespace {

bool is_operators(const std::unique_ptr<Listener>& listener) {
  return listener->link().role == ListenerRole::admin;
}

}  // namespace

// --- opened --------------------------------------------------------------------------------------

std::expected<void, std::string> ShardListeners::open(const ShardListeners* first) {
  const ConfigSnapshot& snapshot = context_->config->snapshot();
  const config::ConfigView& view = snapshot.view();
  for (std::size_t i = 0; i < view.listeners().size(); ++i) {
    const config::Listener& row = view.listeners()[i];
    // The first shard opens all of them, in this order.
    const std::string address(view.text(row.address));
    if (first != nullptr && first->listeners_[i]->port() == 0) {
      // A path cannot be bound twice: all shards accept from one socket.
      auto shared = context_->io->share_listener(first->listeners_[i]->socket());
      if (!shared) {
        return std::unexpected(
            fmt::format("listener {}: out of descriptors for all shards: raise "
                        "the limit of open files",
                        address));
      }
      listeners_.push_back(
          std::make_unique<Listener>(*context_, address, *shared, snapshot.listener(i)));
      continue;
    }
    const std::uint16_t port = first == nullptr ? std::uint16_t{0} : first->listeners_[i]->port();
    if (auto opened = open(address, snapshot.listener(i), static_cast<int>(row.backlog), port);
        !opened) {
      return opened;
    }
  }
  // The admin pages are served by one shard; they speak for all.
  const std::string admin(view.text(view.settings().admin.address));
  if (context_->number == kAdminShard && !admin.empty()) {
    return open(admin, snapshot.admin_listener(), kAdminBacklog);
  }
  return {};
}

std::expected<void, std::string> ShardListeners::open(const std::string& address,
                                                      const ListenerLink& link, int backlog,
                                                      std::uint16_t port_given) {
  auto parsed = core::SocketAddress::parse(address);
  if (!parsed) return std::unexpected(fmt::format("listener {}: {}", address, parsed.error()));
  // Shards share a port, but not a path, nor a port that each would be given another of: the first
  // one serves it.
  if (!parsed->is_unix() && parsed->port() == 0) parsed->set_port(port_given);
  const bool shared = !parsed->is_unix() && parsed->port() != 0;
  if (!shared && context_->number != 0) return {};
  auto socket = context_->io->listen(*parsed, backlog);
  if (!socket) return std::unexpected(socket.error());
  listeners_.push_back(std::make_unique<Listener>(*context_, address, *socket, link));
  return {};
}

void ShardListeners::start() {
  for (const auto& listener : listeners_)
    listener->start();
}

std::vector<std::string> ShardListeners::addresses() const {
  std::vector<std::string> addresses;
  addresses.reserve(listeners_.size());
  for (const auto& listener : listeners_)
    addresses.push_back(listener->local_address());
  return addresses;
}

// --- matched -------------------------------------------------------------------------------------

void ShardListeners::match() {
  const ConfigSnapshot& snapshot = context_->config->snapshot();
  const config::ConfigView& view = snapshot.view();
  std::vector<bool> found(view.listeners().size(), false);
  for (const auto& listener : listeners_) {
    // One that drains no longer listens; where its address has come back it is opened anew.
    if (listener->link().role == ListenerRole::admin || listener->draining()) continue;
    const auto same = std::ranges::find_if(view.listeners(), [&](const config::Listener& row) {
      return view.text(row.address) == listener->address();
    });
    if (same == view.listeners().end()) {
      listener->set_link(link_of_gone(listener->link(), view));
      drain(*listener);
      continue;
    }
    const auto index = static_cast<std::size_t>(same - view.listeners().begin());
    found[index] = true;
    if (core::planted(core::PlantedBug::tls_certificates_kept)) continue;
    listener->set_link(snapshot.listener(index));
  }
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (found[i]) continue;
    const config::Listener& row = view.listeners()[i];
    add(std::string(view.text(row.address)), snapshot.listener(i), static_cast<int>(row.backlog));
  }
  if (context_->number == kAdminShard) match_admin();
}

// Who is still connected is served for what the listener was for, as far as that is still there.
ListenerLink ShardListeners::link_of_gone(ListenerLink link, const config::ConfigView& view) {
  // Networks have no name to find them by: where some were asked for, nobody is served any more.
  link.serves_nobody = !link.ip_set.none();
  link.ip_set = {};
  if (link.policy_set_name.empty()) return link;
  const auto sets = view.access().policy_sets();
  const auto same = std::ranges::find_if(sets, [&](const config::PolicySet& set) {
    return view.text(set.name) == link.policy_set_name;
  });
  if (same == sets.end()) link.serves_nobody = true;
  link.policy_set = same == sets.end()
                        ? config::RowRef{}
                        : config::RowRef::to(static_cast<std::uint32_t>(same - sets.begin()));
  return link;
}

void ShardListeners::match_admin() {
  const ConfigSnapshot& snapshot = context_->config->snapshot();
  const std::string address(snapshot.view().text(snapshot.view().settings().admin.address));
  for (const auto& listener : listeners_) {
    if (listener->link().role != ListenerRole::admin || listener->draining()) continue;
    if (listener->address() == address) {
      listener->set_link(snapshot.admin_listener());
      return;
    }
    drain(*listener);
  }
  if (!address.empty()) add(address, snapshot.admin_listener(), kAdminBacklog);
}

void ShardListeners::add(const std::string& address, const ListenerLink& link, int backlog) {
  const std::size_t before = listeners_.size();
  if (auto opened = open(address, link, backlog); opened) {
    if (listeners_.size() > before) listeners_.back()->start();
  } else {
    HEADRACE_EVENT(error, "{}", opened.error());
  }
}

// --- drained -------------------------------------------------------------------------------------

void ShardListeners::drain(Listener& listener) {
  listener.drain();
  any_draining_ = true;
}

void ShardListeners::drain_clients() {
  for (const auto& listener : listeners_)
    if (!is_operators(listener)) listener->drain();
}

void ShardListeners::drain_operators() {
  for (const auto& listener : listeners_)
    if (is_operators(listener)) listener->drain();
}

bool ShardListeners::only_operators() const {
  return std::ranges::all_of(listeners_, is_operators);
}

void ShardListeners::close_connections() {
  for (const auto& listener : listeners_)
    listener->close_connections();
}

void ShardListeners::let_go() {
  std::erase_if(listeners_, [](const auto& each) { return each->quiet(); });
  any_draining_ =
      std::ranges::any_of(listeners_, [](const auto& each) { return each->draining(); });
}

}  // namespace headrace::net
