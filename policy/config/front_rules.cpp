#include <fmt/format.h>

#include "core/socket_address.h"
#include "policy/config/address_rules.h"
#include "policy/config/config_rules.h"
#include "policy/config/unique_names.h"

namespace headrace::policy::config {
namespace {

// Reachable from this machine only?
bool is_local(const core::SocketAddress& address) {
  return address.is_unix() || classify(address) == AddressClass::loopback;
}

class FrontRules {
 public:
  FrontRules(ConfigModel& model, ErrorList& errors) : model_(model), errors_(errors) {}

  void apply() {
    for (const ListenerModel& listener : model_.listeners) {
      judge_address(listener.address);
      judge_tls(listener);
    }
    judge_admin();
    judge_http();
    judge_access_log();
  }

 private:
  void judge_address(const Text& text) {
    if (text.unknown) return;
    const auto address = core::SocketAddress::parse(text.value);
    // Port 0 takes a free one each time.
    if (!address || (!address->is_unix() && address->port() == 0)) return;
    addresses_.add(text);
  }

  void judge_tls(const ListenerModel& listener) {
    const bool tls = listener.row.tls == Switch::on;
    if (tls && listener.certificates.empty()) {
      errors_.add(listener.place_of("tls"), "a listener with TLS has no certificate",
                  "add `certificates:` with `certificate_file` and `key_file`");
    }
    if (tls) return;
    for (const std::string_view option : {"certificates", "ticket_key_file"}) {
      if (!listener.has(option)) continue;
      errors_.add(listener.place_of(option), fmt::format("`{}` on a listener without TLS", option),
                  "add `tls: true`, or remove it");
    }
    if (listener.row.tls_version_min != TlsVersion::tls_1_2) {
      errors_.add(listener.place_of("tls_version_min"),
                  "`tls_version_min` on a listener without TLS", "add `tls: true`, or remove it");
    }
  }

  void judge_admin() {
    const AdminModel& admin = model_.admin;
    judge_address(admin.address);
    const auto address = core::SocketAddress::parse(admin.address.value);
    if (!address || is_local(*address) || admin.row.allow_remote == Switch::on) return;
    errors_.add(admin.place_of("address"), "the admin listener could be reached from elsewhere",
                "use 127.0.0.1, [::1] or a Unix socket, or say `allow_remote: true`");
  }

  void judge_http() {
    const HttpModel& http = model_.http;
    if (http.row.line_bytes_max > http.row.head_bytes_max) {
      errors_.add(http.place_of("line_bytes_max"), "`line_bytes_max` is above `head_bytes_max`",
                  "a line is part of a head: lower it, or raise `head_bytes_max`");
    }
    if (http.row.body_bytes_max + kBesideBodyBytes > http.row.bodies_memory_bytes_max) {
      errors_.add(http.place_of("body_bytes_max"),
                  "`body_bytes_max` is above what `bodies_memory_bytes_max` holds",
                  "one body, and 512KiB for what is held beside it, must fit the memory of all: "
                  "lower it, or raise `bodies_memory_bytes_max`");
    }
  }

  void judge_access_log() {
    const AccessLogModel& log = model_.access_log;
    const bool to_file = log.row.output == LogOutput::file;
    if (to_file && !log.path.given()) {
      errors_.add(log.place_of("output"), "an access log to a file has no path", "add `path:`");
    }
    if (!to_file && log.path.given()) {
      errors_.add(log.place_of("path"), "`path` of an access log that goes to no file",
                  "add `output: file`, or remove it");
    }
  }

  ConfigModel& model_;
  ErrorList& errors_;
  UniqueNames addresses_{"the address", errors_};
};

}  // namespace

void apply_front_rules(ConfigModel& model, ErrorList& errors) {
  FrontRules(model, errors).apply();
}

}  // namespace headrace::policy::config
