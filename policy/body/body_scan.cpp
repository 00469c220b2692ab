#include "policy/body/body_scan.h"

#include <algorithm>
#include <utility>

#include "core/check.h"
#include "policy/body/kept_file.h"
#include "policy/body/kept_skill.h"
#include "policy/body/step_range.h"
#include "policy/body/truth_word.h"
#include "policy/json/json_string.h"

namespace headrace::policy {
namespace {

struct Refused {
  BodyErrorKind kind;
  MessageId message;
};
Refused refused_as(JsonError error) {
  switch (error) {
    case JsonError::trailing:
      return {BodyErrorKind::trailing, MessageId::body_trailing};
    case JsonError::invalid_utf8:
      return {BodyErrorKind::invalid_utf8, MessageId::body_not_utf8};
    case JsonError::too_deep:
      return {BodyErrorKind::too_deep, MessageId::body_too_deep};
    case JsonError::ambiguous_key:
      return {BodyErrorKind::ambiguous_key, MessageId::body_key_ambiguous};
    case JsonError::none:
    case JsonError::stopped:
    case JsonError::syntax:
      break;
  }
  return {BodyErrorKind::syntax, MessageId::body_not_json};
}

// 0, -0, 0.0, 0e5: no digit but zeros before the exponent.
bool is_zero(std::string_view number) {
  for (const char c : number) {
    if (c == 'e' || c == 'E') return true;
    if (c >= '1' && c <= '9') return false;
  }
  return true;
}

using FieldSet = std::uint64_t;

constexpr FieldSet bit(RequestField field) {
  return FieldSet{1} << static_cast<JsonField>(field);
}

// What may stand any number of times.
constexpr FieldSet kRepeated = bit(RequestField::holder) | bit(RequestField::named_object) |
                               bit(RequestField::file_uri) | bit(RequestField::skill_id) |
                               bit(RequestField::batch_entry) | bit(RequestField::prompt_element) |
                               bit(RequestField::keeping);
static_assert(static_cast<JsonField>(RequestField::entry_words) < 64, "a bit for each");
constexpr bool is_of_entry(JsonField field) {
  return field >= static_cast<JsonField>(RequestField::entry);
}
// The place of a key's bit and note.
constexpr std::uint32_t index_of(RequestField field) {
  return static_cast<JsonField>(field) - static_cast<JsonField>(RequestField::entry);
}

// To a strict reader or a lenient one.
bool says_true(JsonType type, std::string_view token) {
  if (type == JsonType::number) return token != "0";
  if (type != JsonType::string) return type == JsonType::boolean_true;
  std::array<char, 16> room;
  const JsonDecoded decoded = decode_json_string(token.substr(1, token.size() - 2), room);
  return decoded.whole && is_truth_word(decoded.text);
}

}  // namespace

void BodyScan::start(Endpoint endpoint, const BodyLimits& limits) {
  fields_ = &request_fields(endpoint);
  walker_.start(*fields_, {.depth_max = limits.depth_max,
                           .contiguous = true,
                           .strict = true,
                           .refuse_ambiguous_keys = true});
  body_bytes_max_ = limits.body_bytes_max;
  seen_ = 0;
  entry_.told = 0;
  error_ = {};
  facts_ = {};
  counts_text_ = limits.count_text;
  if (counts_text_) text_ = {};
  text_from_ = kNoText;
  put_off_count_ = 0;
}

std::expected<void, BodyError> BodyScan::advance(std::span<const std::byte> body) {
  HEADRACE_CHECK(body.size() >= scanned());
  if (body.size() > body_bytes_max_) {
    return std::unexpected(
        BodyError{BodyErrorKind::too_large, body_bytes_max_, MessageId::body_too_large, ""});
  }
  body_ = body;
  const std::size_t size = std::min(body.size() - scanned(), kScanTurnBytes);
  const std::string_view slice{reinterpret_cast<const char*>(body.data()) + scanned(), size};
  if (const JsonFault fault = walker_.walk(slice, *this)) return std::unexpected(translate(fault));
  // While it is at hand.
  if (body.size() > kPutOffBytesMax && counts_text_) {
    count_put_off();
    if (text_from_ != kNoText) count_text(scanned());
  }
  return {};
}

void BodyScan::count_text(std::uint64_t end) {
  text_.allow_media(media_allowed_);
  text_.feed({reinterpret_cast<const char*>(body_.data()) + text_from_,
              static_cast<std::size_t>(end - text_from_)});
  text_from_ = end;
}

// Counts it, or puts that off.
void BodyScan::end_text(std::uint64_t end) {
  if (body_.size() <= kPutOffBytesMax && put_off_count_ < kPutOffMax) {
    put_off_[put_off_count_++] = {text_from_, end, media_allowed_};
  } else {
    count_put_off();
    count_text(end);
  }
  text_from_ = kNoText;
}

// In the order in which they stand.
void BodyScan::count_put_off() {
  const std::uint64_t from = text_from_;
  const bool media_allowed = media_allowed_;
  for (const Text& text : std::span(put_off_).first(std::exchange(put_off_count_, 0))) {
    text_from_ = text.begin;
    media_allowed_ = text.media_allowed;
    count_text(text.end);
  }
  text_from_ = from;
  media_allowed_ = media_allowed;
}

TextCounts BodyScan::text_counts(std::span<const std::byte> body) {
  HEADRACE_CHECK(counts_text_, "asked for what was not counted");
  HEADRACE_CHECK(body.size() == scanned(), "asked before its end");
  body_ = body;
  count_put_off();
  return text_.counts();
}

// A text is a container that is counted as it is walked, or a string that has just been.
bool BodyScan::take_text(const JsonStep& step, bool media_allowed) {
  if (!counts_text_) return true;
  if (step.kind == JsonStep::Kind::value) {
    media_allowed_ = media_allowed;
    text_from_ = step.begin;
    if (step.type == JsonType::object || step.type == JsonType::array) return true;
  }
  end_text(step.end);
  return true;
}

std::expected<BodyFacts, BodyError> BodyScan::finish() const {
  const auto end = static_cast<std::uint32_t>(scanned());
  if (walker_.untouched()) {
    return std::unexpected(BodyError{BodyErrorKind::empty, end, MessageId::body_empty, ""});
  }
  if (!walker_.complete()) {
    return std::unexpected(
        BodyError{BodyErrorKind::incomplete, end, MessageId::body_incomplete, ""});
  }
  if (!facts_.root.given) {
    return std::unexpected(
        BodyError{BodyErrorKind::not_an_object, 0, MessageId::body_not_an_object, ""});
  }
  BodyFacts facts = facts_;
  facts.depth = walker_.depth_reached();
  facts.deepest_at = static_cast<std::uint32_t>(walker_.deepest_at());
  if (walker_.lost_at() != JsonWalker::kNowhere) {
    facts.too_deep_to_see = {static_cast<std::uint32_t>(walker_.lost_at()), 1};
  }
  return facts;
}

BodyError BodyScan::translate(const JsonFault& fault) const {
  if (fault.error == JsonError::stopped) return error_;
  const auto [kind, message] = refused_as(fault.error);
  return {kind, static_cast<std::uint32_t>(fault.offset), message, ""};
}

bool BodyScan::refuse(const JsonStep& step, BodyErrorKind kind, MessageId message) {
  error_ = {kind, static_cast<std::uint32_t>(step.begin), message, fields_->name(step.field)};
  return false;
}

// Every field stands once, but those of a batch's requests once in each.
bool BodyScan::note_first(const JsonStep& step) {
  const auto field = static_cast<RequestField>(step.field);
  if ((kRepeated & bit(field)) != 0) {
    if (field == RequestField::batch_entry) seen_ &= ~bit(RequestField::batch_model);
    return true;
  }
  if ((seen_ & bit(field)) != 0) {
    return refuse(step, BodyErrorKind::duplicate_key, MessageId::field_twice);
  }
  seen_ |= bit(field);
  return true;
}

// Two ways in functions of their own: the one taken by far the most has few registers to save.
bool BodyScan::on_json(const JsonStep& step) {
  return is_of_entry(step.field) ? note_of_entry(step) : take_field(step);
}

[[gnu::noinline]] bool BodyScan::take_field(const JsonStep& step) {
  if (step.kind == JsonStep::Kind::value && !note_first(step)) return false;
  const auto field = static_cast<RequestField>(step.field);
  switch (field) {
    case RequestField::root:
      if (step.type != JsonType::object) {
        return refuse(step, BodyErrorKind::not_an_object, MessageId::body_not_an_object);
      }
      return take(step, facts_.root);
    case RequestField::model:
      return take_model(step);
    case RequestField::batch_model:
      return take_batch_model(step);
    case RequestField::stream:
      return take(step, facts_.stream);
    case RequestField::stream_options:
      return take(step, facts_.stream_options);
    case RequestField::include_usage:
      return take(step, facts_.include_usage);
    case RequestField::output_cap:
      return take(step, facts_.output_cap);
    case RequestField::output_cap_legacy:
      return take(step, facts_.output_cap_legacy);
    case RequestField::generation_config:
      return take(step, facts_.generation_config);
    case RequestField::choices:
      return take(step, facts_.choices);
    case RequestField::best_of:
      return take(step, facts_.best_of);
    case RequestField::service_tier:
      return take(step, facts_.service_tier);
    case RequestField::metadata:
      return take(step, facts_.metadata);
    case RequestField::user:
      return take(step, facts_.user);
    // Only looked at: what is wrong with them is for the provider to say.
    case RequestField::safety_identifier:
      if (step.type == JsonType::string) facts_.safety_identifier = range_of(step);
      return true;
    case RequestField::prompt_cache_key:
      if (step.type == JsonType::string) facts_.prompt_cache_key = range_of(step);
      return true;
    case RequestField::temperature:
      facts_.temperature_zero = step.type == JsonType::number && is_zero(range_of(step).in(body_));
      return true;
    case RequestField::seed:
      facts_.seed_given = step.type == JsonType::number && step.integer;
      return true;
    case RequestField::thinking_budget:
      if (step.type == JsonType::number && step.integer) facts_.thinking_budget = step.number;
      return true;
    case RequestField::prompt_element:
      facts_.prompts += step.kind == JsonStep::Kind::value &&
                        (step.type == JsonType::string || step.type == JsonType::array);
      return true;
    case RequestField::store:
      return take(step, facts_.store);
    case RequestField::background:
      return take(step, facts_.background);
    case RequestField::previous_response_id:
      return take(step, facts_.previous_response_id);
    case RequestField::stored_reference:
      if (step.type != JsonType::null) note_reference(step);
      return true;
    // A list of names is judged by its elements.
    case RequestField::named_object:
      if (step.type != JsonType::null && step.type != JsonType::array) note_reference(step);
      return true;
    case RequestField::holder:
      if (step.type == JsonType::string) note_reference(step);
      return true;
    case RequestField::file_uri:
      if (step.type == JsonType::string && names_kept_file(range_of(step).in(body_))) {
        note_reference(step);
      }
      return true;
    case RequestField::skill_id:
      if (step.type != JsonType::null &&
          !(step.type == JsonType::string && !names_kept_skill(range_of(step).in(body_)))) {
        note_reference(step);
      }
      return true;
    case RequestField::keeping:
      if (says_true(step.type, range_of(step).in(body_))) note_reference(step);
      return true;
    case RequestField::batch:
    case RequestField::prompt:
    case RequestField::instructions:
      return take_text(step, true);
    case RequestField::tools:
      return take_text(step, false);
    case RequestField::batch_entry:
    case RequestField::thinking:
    case RequestField::wrapped:
    case RequestField::parts:
    case RequestField::part:
    case RequestField::source:
    case RequestField::tool:
    case RequestField::environment:
    case RequestField::skills:
    case RequestField::skill:
    case RequestField::anything:
    case RequestField::free_form:
    case RequestField::content:
    case RequestField::listed:
    case RequestField::reply:
    case RequestField::entry:
    case RequestField::entry_type:
    case RequestField::entry_id:
    case RequestField::entry_role:
    case RequestField::entry_image:
    case RequestField::entry_findings:
    case RequestField::entry_seal:
    case RequestField::entry_words:
      return true;
  }
  return true;
}

void BodyScan::note_reference(const JsonStep& step) {
  if (!facts_.stored_reference) facts_.stored_reference = range_of(step);
}

// --- input items of Responses

[[gnu::noinline]] bool BodyScan::note_of_entry(const JsonStep& step) {
  static_assert(index_of(RequestField::entry_words) + 1 == kEntryNotes);
  const auto field = static_cast<RequestField>(step.field);
  if (field == RequestField::entry) {
    if ((entry_.told & 1U << index_of(RequestField::entry_id)) != 0) judge_entry();
    entry_.told = 0;
    return true;
  }
  const std::uint32_t told = 1U << index_of(field);
  if ((entry_.told & told) != 0) {
    return refuse(step, BodyErrorKind::duplicate_key, MessageId::field_twice);
  }
  entry_.told |= told;
  entry_.notes[index_of(field)] = {range_of(step), step.type, step.empty};
  return true;
}

// What stood behind a key of the item.
BodyScan::EntryNote BodyScan::note(RequestField field) const {
  const std::uint32_t index = index_of(field);
  return (entry_.told & 1U << index) != 0 ? entry_.notes[index] : EntryNote{};
}

// A text or a list, and not an empty one.
bool BodyScan::says_something(const EntryNote& note) {
  constexpr std::uint32_t kQuotes = 2;
  if (note.type == JsonType::string) return note.value.length > kQuotes;
  return (note.type == JsonType::array || note.type == JsonType::object) && !note.is_empty_list;
}

// A provider that finds only a name of an item looks it up among those that it keeps.
bool BodyScan::is_named_only() const {
  const auto says = [this](RequestField field) { return says_something(note(field)); };
  const EntryNote type_note = note(RequestField::entry_type);
  if (type_note.type == JsonType::null) return !says(RequestField::entry_role);
  if (type_note.type != JsonType::string) return false;
  std::array<char, kJsonTextBytesMax> scratch;
  std::string_view type = type_note.value.in(body_);
  type = type.substr(1, type.size() - 2);
  if (type.find('\\') != std::string_view::npos) type = decode_json_string(type, scratch).text;
  if (type == "item_reference") return true;
  if (type == "image_generation_call") return !says(RequestField::entry_image);
  if (type == "file_search_call") return !says(RequestField::entry_findings);
  if (type == "reasoning" || type == "compaction") {
    return !says(RequestField::entry_seal) && !says(RequestField::entry_words);
  }
  return false;
}

[[gnu::noinline]] void BodyScan::judge_entry() {
  const EntryNote id = note(RequestField::entry_id);
  if (id.type != JsonType::null && !facts_.stored_reference && is_named_only()) {
    facts_.stored_reference = id.value;
  }
}

std::expected<BodyFacts, BodyError> scan_body(std::span<const std::byte> body, Endpoint endpoint,
                                              const BodyLimits& limits) {
  BodyScan scan(endpoint, limits);
  do {
    if (const auto ok = scan.advance(body); !ok) return std::unexpected(ok.error());
  } while (scan.scanned() < body.size());
  return scan.finish();
}

}  // namespace headrace::policy
