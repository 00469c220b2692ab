// Google's own ways, which hold for the Gemini API and for Vertex AI in whatever dialect they are
// asked: natively, or in OpenAI's (`https://generativelanguage.googleapis.com/v1beta/openai`).
//
// Threads: pure.
#pragma once

#include <cstdint>
#include <string_view>

#include "policy/dialect/dialect.h"

namespace headrace::policy {

// `host` as in a provider's URL, in small letters. Who speaks Google's dialect counts as Google
// wherever he is: he may be a way to it.
[[nodiscard]] bool is_google(Dialect dialect, std::string_view host);

// Whether an answer of Google's with that status may be the refusal of a key, which only its body
// says (provider_error.h): a key that is not valid is called a bad request, one that may not be
// used, or whose project may not, a forbidden one. So are bad and forbidden requests.
[[nodiscard]] constexpr bool may_hide_key_refusal(std::uint16_t status) {
  return status == 400 || status == 403;
}

}  // namespace headrace::policy
