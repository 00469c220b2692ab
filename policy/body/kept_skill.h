// Whether the name of a skill means one that is kept for the provider's account.
//
// Both providers have skills for everybody beside those that customers upload: Anthropic's `docx`,
// `pdf`, `pptx` and `xlsx`, OpenAI's `openai-...`. What an upload is called (`skill_...`) is for
// the provider to say, so whatever is not known counts as kept.
//
// Threads: pure.
#pragma once

#include <string_view>

namespace headrace::policy {

// `token` is a string as it stands in judged JSON, with its quotes.
[[nodiscard]] bool names_kept_skill(std::string_view token);

}  // namespace headrace::policy
