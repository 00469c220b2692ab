#include "net/main/address_wait.h"

#include <string_view>
#include <thread>

#include "core/event_log.h"
#include "core/listening_probe.h"

namespace headrace::net {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kStep{10};

void wait_for_address(std::string_view text, steady_clock::time_point until) {
  const auto address = core::SocketAddress::parse(text);
  if (!address || !core::is_listened_on(*address)) return;
  HEADRACE_EVENT(info, "{} is still listened on: waiting for that to end, {} ms at most", text,
                 kAddressWait.count());
  do {
    if (steady_clock::now() >= until) {
      HEADRACE_EVENT(warning,
                     "{} is listened on by another process, which goes on: if it lets us share the "
                     "port each of us gets a part of the connections",
                     text);
      return;
    }
    std::this_thread::sleep_for(kStep);
  } while (core::is_listened_on(*address));
}

}  // namespace

void wait_for_addresses(const policy::config::ConfigView& view) {
  const auto until = steady_clock::now() + kAddressWait;
  for (const policy::config::Listener& row : view.listeners())
    wait_for_address(view.text(row.address), until);
  if (const auto admin = view.text(view.settings().admin.address); !admin.empty())
    wait_for_address(admin, until);
}

}  // namespace headrace::net
