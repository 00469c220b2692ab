// What is remembered of a request when its head's bytes are gone: for the stages, the log, the
// record and the answer.
//
// Lifetime: an exchange's. Where a text lives longer than the head it is copied, cut to its room.
#pragma once

#include <string_view>

#include "core/clock.h"
#include "net/http/method.h"
#include "net/proxy/cut_text.h"
#include "net/proxy/request_id.h"
#include "policy/dialect/endpoint.h"
#include "policy/identify.h"
#include "policy/messages/language_wish.h"

namespace headrace::net {

struct RequestNote {
  core::Instant begun_at{};
  RequestId id;
  CutText<80> path;
  CutText<48> model;
  CutText<policy::kSubjectShownBytes> user;
  policy::EndpointMatch match;
  policy::LanguageWish language;
  std::string_view cors_origin;  // the page may read the answer; a text of the config
  http::Method method = http::Method::other;
  bool http_1_0 : 1 = false;      // what the client speaks
  bool wants_stream : 1 = false;  // the client asked for a stream
};

}  // namespace headrace::net
