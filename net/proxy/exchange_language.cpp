// Which language an exchange's client is answered in: `?lang=`, else Accept-Language, else its
// tenant's, else English.
#include "net/http/query.h"
#include "net/proxy/exchange.h"
#include "net/proxy/upstream_target.h"
#include "net/shard_config.h"

namespace headrace::net {

using http::FieldId;

// With the head: afterwards that is gone. Usually nothing is asked for, and nothing done.
void Exchange::note_language(const http::RequestHead& head) {
  if (head.target.has_query) {
    if (const auto asked = http::find_parameter(head.query(), kLanguageParameter)) {
      if (const auto wish = policy::LanguageWish::named(config_->view().catalogues(), *asked)) {
        request_.language = *wish;
        return;
      }
    }
  }
  if (const std::string_view ranges = head.fields.value(FieldId::accept_language);
      !ranges.empty()) {
    request_.language = policy::LanguageWish(config_->view().catalogues(), ranges);
  }
}

policy::Language Exchange::language() const {
  const policy::Language fallback =
      caller_.known() ? policy::language_of(*caller_.tenant) : policy::Language::english;
  return request_.language.choose(config_->view().catalogues(), fallback);
}

}  // namespace headrace::net
