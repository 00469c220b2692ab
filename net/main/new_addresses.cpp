#include "net/main/new_addresses.h"

#include <set>
#include <string_view>

#include "core/socket_address.h"
#include "core/uring/listening.h"
#include "policy/config/config_view.h"

namespace headrace::net {
namespace {

std::set<std::string_view> addresses_of(const policy::config::ConfigView& view) {
  std::set<std::string_view> addresses;
  for (const policy::config::Listener& row : view.listeners())
    addresses.insert(view.text(row.address));
  if (const std::string_view admin = view.text(view.settings().admin.address); !admin.empty())
    addresses.insert(admin);
  return addresses;
}

}  // namespace

std::string refused_addresses(const policy::config::ConfigView& next,
                              const policy::config::ConfigView& current) {
  const std::set<std::string_view> held = addresses_of(current);
  std::string reasons;
  for (const std::string_view text : addresses_of(next)) {
    if (held.contains(text)) continue;
    const auto address = core::SocketAddress::parse(text);
    // Where the kernel chooses the port there is one.
    if (!address || (!address->is_unix() && address->port() == 0)) continue;
    if (const auto tried = core::uring::try_listening(*address); !tried)
      reasons.append(tried.error()).append("\n");
  }
  return reasons;
}

}  // namespace headrace::net
