// One answer as a sequence of steps: wait so long, send these bytes, then go on, end, break off.
//
// Everything that a Behaviour asks for is decided and put into bytes here, without a socket or a
// clock, so that it can be tested as text; the connection only waits and sends.
//
//   begin_...()  ->  next() -> {wait, bytes} ... -> the last step says how the connection goes on
//
// Lifetime: one per connection, reused; bytes given out hold until the next call.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/clock.h"
#include "core/random.h"
#include "tools/mock/answer.h"
#include "tools/mock/answer_memo.h"
#include "tools/mock/reply_head.h"
#include "tools/mock/request_info.h"

namespace headrace::tools::mock {

enum class StepEnd : std::uint8_t {
  go_on,       // call next() when the bytes are sent
  keep_alive,  // the answer is complete, the connection may be used again
  close,       // the answer is complete, or cut by a setting; end the connection in order
  reset,       // break the connection
  stall,       // send nothing more, ever
};

struct Step {
  core::Duration wait{};  // before the bytes are sent, from when the step before was due
  std::string_view bytes;
  std::string_view more;  // sent behind them
  StepEnd end = StepEnd::go_on;
  bool stamped = false;  // stamp() it when it is sent
};

// What the replies of one shard share.
struct ReplyWorld {
  Provider provider;
  std::vector<std::string> keys;  // that requests must carry one of; empty: none
  core::Random random{1};
  RequestFactsReader facts;
  HeadClock clock;
  AnswerMemo memo;
  std::int64_t fixed_unix_seconds = 0;  // instead of the clock in answers, where not 0
};

class Reply {
 public:
  explicit Reply(ReplyWorld& world) : world_(world) {}

  // Whether the answer depends on the body. Without: begin() may be called on the head alone.
  static bool reads_body(const RequestInfo& info);

  // `info` must stay until the last step. `body` is followed by RequestFactsReader::kPadding
  // readable bytes and is read within the call only.
  void begin(const RequestInfo& info, std::string_view body);
  // An answer of the mock itself.
  void begin_admin(const RequestInfo& info, int status, std::string body);
  // The answer to a request that could not be read, or whose x-mock- headers are wrong.
  void begin_bad_request(const RequestInfo& info, std::string_view why);

  Step next();
  // Writes into the events of the last step when they are sent.
  void stamp(std::uint64_t nanos);

  [[nodiscard]] int status() const { return status_; }
  [[nodiscard]] bool streamed() const { return kind_ == Kind::stream; }
  // Cut short by a setting rather than sent whole.
  [[nodiscard]] bool cut() const { return cut_; }
  [[nodiscard]] std::uint64_t events() const { return cursor_.events; }
  [[nodiscard]] std::uint64_t bytes() const { return handed_out_; }
  // As told in the answer; of one that is not complete, what was generated so far.
  [[nodiscard]] TokenUsage usage(bool complete) const;

 private:
  enum class Kind : std::uint8_t { whole, stream, opaque, hostile };
  enum class Phase : std::uint8_t { start, body, done };
  // A place in the answer's bytes where something happens; kNowhere is beyond every answer.
  static constexpr std::uint64_t kNowhere = UINT64_MAX;
  struct Break {
    std::uint64_t at = kNowhere;
    StepEnd how = StepEnd::reset;
  };

  void restart(const RequestInfo& info);
  void refuse(ErrorKind kind, int status, std::string_view message = {});
  void answer_with_body(std::string body, std::string_view content_type);
  void answer_honestly(std::string_view body);
  bool find_in_memo(const MemoKey& key);
  bool fails_by_chance();
  void place_break(std::uint64_t at, StepEnd how);
  void place_breaks_by_byte();
  void place_breaks_by_event();

  Step generate();
  void generate_start(Step& step);
  void generate_head();
  void generate_whole(Step& step);
  void generate_opaque(Step& step);
  void generate_events();
  void put_framed(std::string_view bytes);
  void put_end();
  Step limit(Step step);
  [[nodiscard]] std::string_view whole_body() const;
  [[nodiscard]] double mean_gap_nanos() const;
  core::Duration gap();
  [[nodiscard]] BodyEnd choose_body_end(bool length_known) const;

  ReplyWorld& world_;
  const RequestInfo* info_ = nullptr;
  const Behaviour* behaviour_ = nullptr;
  Kind kind_ = Kind::whole;
  Phase phase_ = Phase::start;
  int status_ = 200;
  bool keep_alive_ = true;
  bool limited_ = false;  // something happens at a certain byte or event
  bool planned_ = false;  // plan_ is of this answer
  bool cut_ = false;
  BodyEnd body_end_ = BodyEnd::length;
  std::string_view content_type_;
  std::uint64_t id_ = 0;
  AnswerPlan plan_;
  AnswerCursor cursor_;
  std::shared_ptr<const MemoAnswer> memo_;  // kind whole: the body, where it was remembered
  std::string body_;                        // kind whole: otherwise
  std::uint64_t opaque_left_ = 0;
  core::Duration next_wait_{};    // before the next events
  std::string out_;               // what the current step sends
  std::string event_;             // one event, before it is framed
  std::uint64_t head_bytes_ = 0;  // interim heads included
  std::uint64_t generated_ = 0;   // bytes of the answer made before out_
  std::uint64_t handed_out_ = 0;  // bytes of the answer given out
  // limited_: what was generated and is given out in pieces.
  std::string held_;
  std::size_t held_at_ = 0;
  StepEnd held_end_ = StepEnd::go_on;
  Break break_;
};

}  // namespace headrace::tools::mock
