#include "policy/dialect/unfinished_answer.h"

#include <algorithm>
#include <utility>

#include "policy/dialect/answer_fields.h"
#include "policy/dialect/finish_reason.h"

namespace headrace::policy {
namespace {

bool needs_no_escape(char c) {
  return c > ' ' && c < '\x7F' && c != '"' && c != '\\';
}

bool is_finish(const JsonStep& step) {
  return step.type == JsonType::string && !step.text.empty() &&
         finish_reason_of(step.text) != FinishReason::none;
}

bool is_output(const JsonStep& step) {
  constexpr std::uint64_t kQuotes = 2;
  return step.type == JsonType::string && step.end - step.begin > kQuotes;
}

}  // namespace

void UnfinishedAnswer::Name::take_first(const JsonStep& step) {
  const bool whole = step.type == JsonType::string && !step.truncated && !step.escaped;
  if (size_ != 0 || !whole || step.text.size() > bytes_.size() ||
      !std::ranges::all_of(step.text, needs_no_escape)) {
    return;
  }
  std::ranges::copy(step.text, bytes_.begin());
  size_ = static_cast<std::uint8_t>(step.text.size());
}

void UnfinishedAnswer::begin_event() {
  in_choice_ = false;
  choices_here_ = finished_here_ = speaks_here_ = 0;
}

bool UnfinishedAnswer::end_event() {
  const ChoiceSet finished = finished_;
  choices_ |= choices_here_;
  finished_ |= finished_here_;
  goes_on_ |= speaks_here_ & finished;
  return finished_ != finished;
}

void UnfinishedAnswer::note(const JsonStep& step) {
  switch (static_cast<AnswerField>(step.field)) {
    case AnswerField::choice:
      if (step.kind == JsonStep::Kind::close) return end_choice();
      in_choice_ = step.type == JsonType::object;
      finishes_ = speaks_ = false;
      index_ = 0;
      return;
    case AnswerField::choice_index:
      // What is no index is nobody's.
      index_ = step.integer ? step.number : -1;
      return;
    case AnswerField::finish_reason:
      finishes_ |= in_choice_ && is_finish(step);
      return;
    case AnswerField::output:
    case AnswerField::refusal:
      speaks_ |= in_choice_ && is_output(step);
      return;
    case AnswerField::answer_id:
      return id_.take_first(step);
    case AnswerField::answer_model:
      return model_.take_first(step);
    case AnswerField::answer_created:
      if (created_seconds_ == 0 && step.integer && step.number > 0 &&
          step.number <= kCreatedSecondsMax) {
        created_seconds_ = step.number;
      }
      return;
    default:
      return;
  }
}

void UnfinishedAnswer::end_choice() {
  if (!std::exchange(in_choice_, false)) return;
  if (index_ < 0 || index_ >= static_cast<std::int64_t>(kChoicesMax)) return;
  const auto bit = static_cast<ChoiceSet>(1U << index_);
  choices_here_ |= bit;
  if (finishes_) finished_here_ |= bit;
  if (speaks_) speaks_here_ |= bit;
}

}  // namespace headrace::policy
