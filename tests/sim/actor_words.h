// What scripted clients and providers say, and how they know again what others have said.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace headrace::sim {

// Of a chat, as a client sends it. `key`: none is shown where it is empty. `more_fields`: whole
// lines of the head.
[[nodiscard]] std::string chat_request(std::string_view key, std::string_view body,
                                       std::string_view more_fields = {});

// `status`: with its reason, "200 OK".
[[nodiscard]] std::string json_answer(std::string_view status, std::string_view body);
// The body of a chat's answer, of 3 tokens and 5.
[[nodiscard]] std::string chat_completion(std::string_view id, std::string_view content);

// What stands behind the mark; UINT32_MAX: the mark is not there.
[[nodiscard]] std::uint32_t number_behind(std::string_view text, std::string_view mark);

}  // namespace headrace::sim
