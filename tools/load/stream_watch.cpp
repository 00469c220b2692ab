#include "tools/load/stream_watch.h"

#include <array>
#include <string_view>

#include "net/http/text.h"
#include "tools/event_stamp/event_stamp.h"

namespace headrace::tools::load {
namespace {

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

// Of events without a name: text of a chat chunk or a tool call's arguments that are not empty,
// text of Gemini and of legacy completions.
bool carries_tokens(std::string_view data) {
  constexpr std::array<std::string_view, 3> kFilled{R"("content":")", R"("arguments":")",
                                                    R"("text":")"};
  for (const std::string_view marker : kFilled) {
    const auto at = data.find(marker);
    if (at == std::string_view::npos) continue;
    const auto next = at + marker.size();
    if (next < data.size() && data[next] != '"') return true;
  }
  return false;
}

}  // namespace

StreamWatch::Seen StreamWatch::feed(std::span<const std::byte> slice) {
  Seen seen;
  framer_.feed(net::http::as_text(slice));
  for (;;) {
    const policy::SseToken token = framer_.next();
    switch (token.kind) {
      case policy::SseToken::Kind::more:
        return seen;
      case policy::SseToken::Kind::data:
        has_data_ = true;
        look_at(token.value, seen);
        break;
      case policy::SseToken::Kind::event:
        named_ = true;
        // content_block_delta, response.output_text.delta, response.function_call_arguments.delta
        has_tokens_ = token.value.ends_with("delta") && token.value != "message_delta";
        if (token.value == "error") told_error_ = true;
        if (token.value == "message_stop" || token.value == "response.completed" ||
            token.value == "response.incomplete") {
          told_end_ = true;
        }
        break;
      case policy::SseToken::Kind::event_end:
        if (has_data_) ++seen.events;
        if (has_tokens_) ++seen.token_events;
        has_data_ = has_tokens_ = named_ = false;
        break;
      case policy::SseToken::Kind::other:
        break;
    }
  }
}

void StreamWatch::look_at(std::string_view data, Seen& seen) {
  if (data == "[DONE]") {
    told_end_ = true;
    return;
  }
  if (data.starts_with(R"({"error":)")) told_error_ = true;
  if (contains(data, R"("finishReason":")")) told_end_ = true;
  if (!named_ && !has_tokens_) has_tokens_ = carries_tokens(data);
  if (seen.stamps == kStampsMax) return;
  if (const auto sent = read_event_stamp(data)) seen.sent_nanos[seen.stamps++] = *sent;
}

}  // namespace headrace::tools::load
