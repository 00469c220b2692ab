// A shard's listeners: opened before it runs, matched with each new config, drained at the end.
//
// Threads:  the shard's, but for what is called before it runs (main thread).
// Lifetime: a shard's.
#pragma once

#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "net/edge/listener.h"

namespace headrace::policy::config {
class ConfigView;
}

namespace headrace::net {

struct ShardContext;

class ShardListeners {
 public:
  explicit ShardListeners(ShardContext& context) : context_(&context) {}

  // Before the shard runs: opens the sockets of the current config. The error is for an operator.
  // `first` is the first shard's (null: these are), which listen already: where the config leaves
  // the port to the kernel, that shard's port is everybody's.
  std::expected<void, std::string> open(const ShardListeners* first);
  void start();
  // Those of the config that is current now go on, by their address; one that is gone drains, a new
  // one is opened.
  void match();
  void drain_clients();
  void drain_operators();
  void close_connections();
  // Forgets those that have drained.
  void let_go();

  // One at least does, after a reload.
  [[nodiscard]] bool any_draining() const { return any_draining_; }
  [[nodiscard]] bool empty() const { return listeners_.empty(); }
  // None is left that clients come by.
  [[nodiscard]] bool only_operators() const;
  [[nodiscard]] std::vector<std::string> addresses() const;

 private:
  static constexpr std::uint32_t kAdminShard = 0;
  static constexpr int kAdminBacklog = 64;

  std::expected<void, std::string> open(const std::string& address, const ListenerLink& link,
                                        int backlog, std::uint16_t port_given = 0);
  void add(const std::string& address, const ListenerLink& link, int backlog);
  void match_admin();
  static ListenerLink link_of_gone(ListenerLink link, const policy::config::ConfigView& view);
  void drain(Listener& listener);

  ShardContext* context_;
  std::vector<std::unique_ptr<Listener>> listeners_;
  bool any_draining_ = false;
};

}  // namespace headrace::net
