// Makes the TLS contexts that a config asks for, of listeners and of providers, from the files that
// it names.
//
// Threads:  the loading thread; reads files.
// Lifetime: of one build; contexts are shared by who uses them.
// Errors:   a line for an operator into `errors`, and no context.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/tls/certificate_store.h"
#include "net/tls/client_context.h"
#include "policy/config/config_view.h"

namespace headrace::net {

class TlsContexts {
 public:
  TlsContexts(const policy::config::ConfigView& view, std::vector<std::string>& errors)
      : view_(&view), errors_(&errors) {}

  std::shared_ptr<const tls::ClientContext> client_context(const policy::config::Provider& row);
  std::shared_ptr<const tls::ServerContext> server_context(const policy::config::Listener& row);

 private:
  // An empty path: those of the system.
  std::shared_ptr<const tls::TrustAnchors> anchors(std::string_view path);
  // One secret a line, the current one first.
  std::optional<tls::TicketKeys> ticket_keys(std::string_view path);

  const policy::config::ConfigView* view_;
  std::vector<std::string>* errors_;
  std::shared_ptr<const tls::TrustAnchors> system_anchors_;
};

}  // namespace headrace::net
