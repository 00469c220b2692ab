// Spells an AnswerPlan out in its dialect: whole, or event by event.
//
// Pure code without I/O or state of its own: the cursor stands with the caller, so that a stream of
// any length takes no memory. Writers append to `out`.
#pragma once

#include <cstdint>
#include <string>

#include "tools/mock/answer_plan.h"

namespace headrace::tools::mock {

// How far a stream has been written. Reset (= {}) for the next one; `envelope` may keep its memory.
struct AnswerCursor {
  std::uint32_t phase = 0;
  std::uint32_t choice = 0;
  std::uint64_t step = 0;    // within the phase
  std::uint64_t events = 0;  // written so far
  std::uint64_t output_tokens = 0;
  std::string envelope;  // what every event of this stream begins with

  void restart() {
    phase = choice = 0;
    step = events = output_tokens = 0;
    envelope.clear();
  }
};

enum class EventKind : std::uint8_t {
  frame,   // carries no tokens: what follows comes at once
  tokens,  // what follows comes after the gap between tokens
  end,     // nothing was written: the stream is complete
};

// The whole body of an unstreamed answer.
void put_answer(std::string& out, const Provider& provider, const AnswerPlan& plan);

// The next event of a stream, framed.
EventKind put_next_event(std::string& out, const AnswerPlan& plan, AnswerCursor& cursor);

// --- by dialect; the two above choose -----------------------------------------------------------
void put_openai_answer(std::string& out, const Provider& provider, const AnswerPlan& plan);
EventKind put_openai_chat_event(std::string& out, const AnswerPlan& plan, AnswerCursor& cursor);
EventKind put_openai_completions_event(std::string& out, const AnswerPlan& plan,
                                       AnswerCursor& cursor);
void put_responses_answer(std::string& out, const AnswerPlan& plan);
EventKind put_responses_event(std::string& out, const AnswerPlan& plan, AnswerCursor& cursor);
void put_anthropic_answer(std::string& out, const Provider& provider, const AnswerPlan& plan);
EventKind put_anthropic_event(std::string& out, const AnswerPlan& plan, AnswerCursor& cursor);
void put_gemini_answer(std::string& out, const Provider& provider, const AnswerPlan& plan);
EventKind put_gemini_event(std::string& out, const AnswerPlan& plan, AnswerCursor& cursor);
// A vector of numbers between -1 and 1 that depends on plan, index and position only.
float embedding_value(const AnswerPlan& plan, std::uint32_t input, std::uint32_t position);

}  // namespace headrace::tools::mock
