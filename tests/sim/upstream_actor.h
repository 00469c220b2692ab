// A provider's end of one connection: judges what the gateway sends, and answers well or badly.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>

#include "tests/sim/ledger.h"
#include "tests/sim/message_reader.h"
#include "tests/sim/sim_socket.h"

namespace headrace::sim {

class UpstreamActor {
 public:
  UpstreamActor(Ledger& ledger, std::shared_ptr<Peer> peer, bool well_behaved, bool retried,
                bool hedged);
  UpstreamActor(const UpstreamActor&) = delete;
  UpstreamActor& operator=(const UpstreamActor&) = delete;

 private:
  void on_bytes(std::string_view bytes);
  bool vanishes(std::string_view bytes);
  Request* judge_head(const Message& message);
  void judge_body(Request& request, const Message& message);
  void serve(Request& request, const Message& message);
  void maybe_answer_early();

  void answer(Request& request, bool usage_wanted);
  bool answer_badly(Request& request);
  bool spoil_answer(Request& request);
  [[nodiscard]] bool ends_untold();
  void refuse(const Request& request);
  void refuse_as_google();
  void say_refusal(std::string_view status, std::string_view hint, std::string_view body);
  std::string write_answer(Request& request, std::string_view body, bool may_close);
  std::string chunked(std::string_view body);
  void say(std::string bytes);
  void say_next();
  void end_after();  // the connection, behind what was said
  void die();        // FIN or RST, now
  void reset();

  Ledger& ledger_;
  std::shared_ptr<Peer> peer_;
  MessageReader reader_{MessageReader::Side::requests};
  std::deque<std::string> saying_;
  Request* last_ = nullptr;
  std::uint32_t served_ = 0;
  core::Instant begun_at_{};  // the message under way
  bool well_behaved_;
  bool retried_;       // what fails is sent again
  bool hedged_;        // what takes long is sent to another one too
  bool slow_ = false;  // reads a little now and then
  bool early_judged_ = false;
  bool answered_early_ = false;
  bool saying_planned_ = false;
  bool ends_ = false;
  bool deaf_ = false;      // reads no further request
  bool poisoned_ = false;  // bytes behind an answer came together with its end
  bool frames_by_close_ = false;
};

}  // namespace headrace::sim
