// Whether a URI in a Gemini request (`fileUri`) names a file that is kept for the provider's
// account.
//
// What is fetched for anybody alike may be named: pages and videos under http and https. All else
// counts as kept for the account: `files/...` and whatever stands at the Gemini API's own host, and
// `gs:` buckets, which a provider reads with its account's rights. A host that is not plainly
// written (with user information, percent signs, other letters) could be any.
//
// Threads: pure.
#pragma once

#include <string_view>

namespace headrace::policy {

// `token` is a string as it stands in judged JSON, with its quotes.
[[nodiscard]] bool names_kept_file(std::string_view token);

}  // namespace headrace::policy
