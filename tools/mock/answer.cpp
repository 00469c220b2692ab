#include "tools/mock/answer.h"

#include "tools/mock/chance.h"

namespace headrace::tools::mock {

void put_answer(std::string& out, const Provider& provider, const AnswerPlan& plan) {
  switch (dialect_of(plan.endpoint)) {
    case Dialect::openai:
      return put_openai_answer(out, provider, plan);
    case Dialect::anthropic:
      return put_anthropic_answer(out, provider, plan);
    case Dialect::gemini:
      return put_gemini_answer(out, provider, plan);
  }
}

EventKind put_next_event(std::string& out, const AnswerPlan& plan, AnswerCursor& cursor) {
  const auto put_event = plan.endpoint == Endpoint::openai_chat ? put_openai_chat_event
                         : plan.endpoint == Endpoint::openai_completions
                             ? put_openai_completions_event
                         : plan.endpoint == Endpoint::openai_responses   ? put_responses_event
                         : plan.endpoint == Endpoint::anthropic_messages ? put_anthropic_event
                                                                         : put_gemini_event;
  const EventKind kind = put_event(out, plan, cursor);
  if (kind != EventKind::end) ++cursor.events;
  return kind;
}

float embedding_value(const AnswerPlan& plan, std::uint32_t input, std::uint32_t position) {
  const std::uint64_t random = mixed(plan.id + (std::uint64_t{input} << 32U) + position);
  return static_cast<float>(unit_interval(random) * 2 - 1);
}

}  // namespace headrace::tools::mock
