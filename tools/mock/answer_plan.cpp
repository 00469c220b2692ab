#include "tools/mock/answer_plan.h"

#include <algorithm>
#include <cmath>

#include "core/hash.h"
#include "tools/mock/chance.h"

namespace headrace::tools::mock {
namespace {

// Reasoning where the request turns it on and no setting says how much.
constexpr std::uint64_t kThinkingTokensDefault = 16;
constexpr std::uint32_t kDimensionsDefault = 256;
constexpr std::uint32_t kToolPieceBytes = 6;

// Different uses of one hash are kept apart by a constant each.
constexpr std::uint64_t kRatioSalt = 0x726174696f;
constexpr std::uint64_t kIdSalt = 0x6964;

AnswerText plan_text(const Prose& prose, const Behaviour& behaviour, std::uint64_t hash,
                     std::uint64_t chance) {
  AnswerText text;
  text.first_token = hash % Prose::kTokens;
  if (behaviour.answer_bytes) {
    text.tokens = prose.tokens_within(text.first_token, *behaviour.answer_bytes);
    text.padding_bytes = *behaviour.answer_bytes - prose.bytes(text.first_token, text.tokens);
  } else {
    const double tokens = std::round(behaviour.answer_tokens.sample(chance));
    text.tokens = static_cast<std::uint64_t>(std::max(tokens, 0.0));
  }
  text.tokens = std::min(text.tokens, kAnswerTokensMax);
  return text;
}

bool continues_character(char c) {
  return (static_cast<unsigned char>(c) & 0xc0U) == 0x80;
}

// Cuts the arguments into tokens; never inside a UTF-8 sequence.
void plan_tool_pieces(AnswerPlan& plan) {
  plan.tool_piece_ends.clear();
  const std::string& text = plan.tool_arguments;
  for (std::size_t end = 0; end < text.size();) {
    end = std::min<std::size_t>(end + kToolPieceBytes, text.size());
    while (end < text.size() && continues_character(text[end]))
      ++end;
    plan.tool_piece_ends.push_back(static_cast<std::uint32_t>(end));
  }
}

// Reasoning comes first and counts too, as with real providers.
void cap_output(AnswerPlan& plan, std::uint64_t tokens_max) {
  if (plan.reasoning_tokens >= tokens_max) {
    plan.cut = plan.cut || plan.reasoning_tokens > tokens_max || plan.steps() > 0;
    plan.reasoning_tokens = tokens_max;
  }
  const std::uint64_t left = tokens_max - plan.reasoning_tokens;
  if (plan.tool_call) {
    if (plan.tool_piece_ends.size() <= left) return;
    plan.tool_piece_ends.resize(left);
    plan.tool_arguments.resize(left == 0 ? 0 : plan.tool_piece_ends.back());
  } else {
    if (plan.text.token_count() <= left) return;
    plan.text.tokens = std::min(plan.text.tokens, left);
    plan.text.padding_bytes = 0;
  }
  plan.cut = true;
}

void plan_usage(AnswerPlan& plan, const Behaviour& behaviour, std::uint64_t prompt) {
  TokenUsage& usage = plan.usage;
  const auto share = [](std::uint64_t tokens, double part) {
    return static_cast<std::uint64_t>(static_cast<double>(tokens) * part);
  };
  usage.prompt = prompt;
  usage.cache_read = share(prompt, behaviour.cached_share);
  usage.cache_write = share(prompt - usage.cache_read, behaviour.cache_write_share);
  const std::uint64_t each = plan.tool_call ? plan.tool_piece_ends.size() : plan.text.token_count();
  usage.text = each * plan.choices;
  usage.reasoning = plan.reasoning_tokens * plan.choices;
}

}  // namespace

double bytes_per_token(std::uint64_t seed, std::string_view model) {
  const double draw = unit_interval(mixed(core::hash64(model, seed ^ kRatioSalt)));
  return kBytesPerTokenMin + (kBytesPerTokenMax - kBytesPerTokenMin) * draw;
}

std::uint64_t prompt_tokens(std::uint64_t seed, std::string_view model, std::uint64_t bytes) {
  return static_cast<std::uint64_t>(
      std::ceil(static_cast<double>(bytes) / bytes_per_token(seed, model)));
}

void plan_answer(const Provider& provider, const Route& route, const RequestFacts& facts,
                 const RequestSize& size, const Behaviour& behaviour, std::uint64_t chance,
                 AnswerPlan& plan) {
  const Prose& prose = behaviour.text == ProseKind::tricky ? *provider.tricky : *provider.plain;
  plan.endpoint = route.endpoint;
  plan.prose = &prose;
  plan.model.assign(facts.model);
  plan.id = mixed(size.hash ^ kIdSalt);
  plan.stream = facts.stream;
  plan.sse = route.dialect != Dialect::gemini || route.sse;
  plan.include_usage = facts.include_usage;
  plan.include_obfuscation = facts.include_obfuscation;
  plan.usage_told = behaviour.usage == UsageMode::on;
  plan.cut = false;
  plan.base64 = facts.base64;
  plan.choices = facts.choices;
  if (route.endpoint == Endpoint::openai_completions) plan.choices *= facts.inputs;
  plan.inputs = facts.inputs;
  plan.dimensions = facts.dimensions == 0 ? kDimensionsDefault : facts.dimensions;
  plan.tokens_per_event = std::max(behaviour.tokens_per_event, 1U);
  plan.reasoning_tokens = behaviour.reasoning_tokens;
  if (facts.thinking && plan.reasoning_tokens == 0) plan.reasoning_tokens = kThinkingTokensDefault;
  plan.show_thinking = facts.thinking;
  plan.text = plan_text(prose, behaviour, size.hash, chance);
  plan.tool_call =
      !facts.tool_name.empty() && (behaviour.tool == ToolMode::call ||
                                   (behaviour.tool == ToolMode::asked && facts.tool_required));
  plan.tool_name.assign(plan.tool_call ? facts.tool_name : std::string_view());
  plan.tool_arguments.assign(plan.tool_call ? facts.tool_arguments : std::string_view());
  plan_tool_pieces(plan);
  if (facts.output_tokens_max && behaviour.output_cap == OutputCap::kept) {
    cap_output(plan, *facts.output_tokens_max);
  }
  plan_usage(plan, behaviour, prompt_tokens(provider.seed, facts.model, size.bytes));
}

void put_text(std::string& out, const AnswerPlan& plan, std::uint64_t first, std::uint64_t count) {
  const AnswerText& text = plan.text;
  const std::uint64_t of_prose = first < text.tokens ? std::min(count, text.tokens - first) : 0;
  plan.prose->put(out, text.first_token + first, of_prose);
  if (count > of_prose && first + count > text.tokens) out.append(text.padding_bytes, '.');
}

}  // namespace headrace::tools::mock
