// What a page in a browser may do: preflights are answered here, and nobody else hears of them.
#include <array>

#include "net/edge/downstream_connection.h"
#include "net/edge/listener.h"
#include "net/http/cors.h"
#include "net/proxy/exchange.h"
#include "net/shard_config.h"

namespace headrace::net {

bool Exchange::answer_preflight(const http::RequestHead& head) {
  const http::CorsRules& rules = downstream_->listener().link().cors;
  if (!rules.any()) return false;
  const http::Field* origin = head.fields.find("origin");
  if (origin == nullptr) return false;
  request_.cors_origin = http::allowed_origin(rules, origin->value);
  if (!http::is_preflight(head)) return false;
  if (request_.cors_origin.empty()) {
    reply(policy::Reason::permission_denied, policy::MessageId::origin_denied);
    return true;
  }
  std::array<char, 3072> lines;
  http::HeadWriter writer{std::span<char>(lines)};
  http::write_preflight(rules, head, writer);
  reply_with(204, {}, {}, writer.ok() ? writer.text() : std::string_view());
  return true;
}

}  // namespace headrace::net
