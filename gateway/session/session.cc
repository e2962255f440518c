// SPDX-License-Identifier: Apache-2.0
//
// Each event goes to the phase, and what that names next is made.
#include "gateway/session/session.h"

#include <array>
#include <utility>

#include "gateway/session/admission.h"
#include "gateway/session/held_head.h"
#include "gateway/ws/frame_header.h"

namespace ringway::session {
namespace {

using base::LinkRole;

/// Phases that one event may lead through. The longest way has three (the end of an answer leads to
/// the next request, that to a file, and that to a refusal); what is longer than this is a circle.
constexpr int kPhasesInRowMax = 8;

constexpr std::array<State, static_cast<size_t>(Next::kStay)> kStates = {
    State::kHandshake, State::kDialing, State::kAnswering, State::kRelaying,
    State::kServing,   State::kOpen,    State::kOpen,      State::kClosing};

}  // namespace

Session::Session(uint32_t listener_index, const base::SocketAddress& client, uint64_t now_ns)
    : Record(listener_index, client, now_ns) {}

template <typename Event>
void Session::Dispatch(const Call& call, Event&& event) {
  const Next next = std::visit(event, phase_);
  if (next != Next::kStay) [[unlikely]]
    Follow(call, next);
}

template <typename Only, typename Event>
void Session::Tell(Environment& environment, Intents& intents, Event&& event) {
  auto* const phase = std::get_if<Only>(&phase_);
  if (phase == nullptr) return;
  const Call call{environment, shell_, intents};
  const Next next = event(*phase, call);
  if (next != Next::kStay) Follow(call, next);
}

void Session::Follow(const Call& call, Next next) {
  for (int phases = 0; next != Next::kStay; ++phases) {
    RINGWAY_CHECK_OP(phases, <, kPhasesInRowMax);
    Make(next);
    shell_.stamps.Restart(call.now_ns());
    Handover handover = std::exchange(call.environment.handover, {});
    next = std::visit([&](auto& phase) { return phase.Begin(call, std::move(handover)); }, phase_);
  }
}

void Session::Make(Next next) {
  switch (next) {
    case Next::kHandshake:
      phase_.emplace<Handshake>();
      break;
    case Next::kDialling:
      phase_.emplace<Dialling>();
      break;
    case Next::kAnswering:
      phase_.emplace<Answering>();
      break;
    case Next::kRelaying:
      phase_.emplace<Relaying>();
      break;
    case Next::kServing:
      phase_.emplace<Serving>();
      break;
    case Next::kBridge:
      phase_.emplace<Bridge>();
      break;
    case Next::kPassage:
      phase_.emplace<Passage>();
      break;
    case Next::kClosing: {
      // The client's Close is waited for behind the frames that have come.
      ClientFrames frames;
      if (auto* const bridge = std::get_if<Bridge>(&phase_)) frames = bridge->TakeFrames();
      phase_.emplace<Closing>(std::move(frames));
      break;
    }
    case Next::kStay:
      break;
  }
}

void Session::Begin(Environment& environment, uint32_t slot, Intents& intents) {
  shell_.slot = slot;
  shell_.snapshot = environment.snapshot;
  ++shell_.snapshot->sessions;
  Tell<Handshake>(environment, intents,
                  [](Handshake& phase, const Call& call) { return phase.Accept(call); });
}

void Session::OnBytes(Environment& environment, LinkRole from, base::Piece piece,
                      Intents& intents) {
  shell_.stamps.OnReceived(from, environment.now_ns);
  const Call call{environment, shell_, intents};
  Dispatch(call, [&](auto& phase) { return phase.OnBytes(call, from, std::move(piece)); });
}

void Session::OnEnd(Environment& environment, LinkRole from, LinkEnd end, Intents& intents) {
  const Call call{environment, shell_, intents};
  Dispatch(call, [&](auto& phase) { return phase.OnEnd(call, from, end); });
}

void Session::OnDue(Environment& environment, ClientLook client, Intents& intents) {
  shell_.stamps.Settle(environment.now_ns);
  const Call call{environment, shell_, intents};
  Dispatch(call, [&](auto& phase) { return phase.OnDue(call, client); });
}

void Session::OnDrain(Environment& environment, Intents& intents) {
  const Call call{environment, shell_, intents};
  Dispatch(call, [&](auto& phase) { return phase.OnDrain(call); });
}

void Session::OnPoolExhausted(Environment& environment, Intents& intents) {
  const Call call{environment, shell_, intents};
  Dispatch(call, [&](auto& phase) { return phase.OnExhausted(call); });
}

bool Session::WantsReached(const Environment& /*environment*/) const {
  if (!std::holds_alternative<Dialling>(phase_)) return false;
  return shell_.snapshot->BackendOf(*route()).proxy_header != config::ProxyHeader::kNone;
}

void Session::OnDialed(Environment& environment, const base::SocketAddress& reached,
                       Intents& intents) {
  Tell<Dialling>(environment, intents,
                 [&](Dialling& phase, const Call& call) { return phase.OnDialed(call, reached); });
}

void Session::OnDialFailed(Environment& environment, std::string_view failure, NextServer next,
                           Intents& intents) {
  Tell<Dialling>(environment, intents, [&](Dialling& phase, const Call& call) {
    return phase.OnDialFailed(call, failure, next);
  });
}

void Session::OnFound(Environment& environment, FoundFile found, Intents& intents) {
  if (found.generation != shell_.find_generation) return;
  Tell<Serving>(environment, intents, [&](Serving& phase, const Call& call) {
    return phase.awaits_file() ? phase.OnFound(call, std::move(found)) : Next::kStay;
  });
}

void Session::OnBelow(Environment& environment, Intents& intents) {
  const auto tell = [](auto& phase, const Call& call) { return phase.OnBelow(call); };
  if (std::holds_alternative<Serving>(phase_)) return Tell<Serving>(environment, intents, tell);
  Tell<Handshake>(environment, intents, tell);
}

void Session::OnFileBroken(Environment& environment, FileFault fault, Intents& intents) {
  Tell<Serving>(environment, intents, [fault](Serving& phase, const Call& call) {
    return phase.OnFileBroken(call, fault);
  });
}

void Session::OnEvicted(Environment& environment, Intents& intents) {
  const auto tell = [](auto& phase, const Call& call) { return phase.OnEvicted(call); };
  if (std::holds_alternative<Closing>(phase_)) return Tell<Closing>(environment, intents, tell);
  Tell<Handshake>(environment, intents, tell);
}

size_t Session::OnSplice(Environment& environment, LinkRole from, uint32_t bytes,
                         std::span<uint8_t> ahead) {
  shell_.stamps.OnReceived(from, environment.now_ns);
  if (route()->mode == config::Mode::kWebSocket) return 0;
  ++shell_.frames_out;
  environment.counters.frames_out.Add(1);
  return ws::BuildFrameHeader(ws::Opcode::kBinary, bytes, ahead);
}

void Session::OnCut(Intents& intents) {
  shell_.cut = true;
  // Only answers that are on their way, relayed or files, outlive a drain up to here without a
  // cause; and a passage of which a part is lost.
  shell_.EndWith({EndSide::kGateway, EndReason::kDrain, 0});
  Make(Next::kClosing);
  intents.Drop(LinkRole::kBackend);
  intents.Drop(LinkRole::kClient);
}

void Session::Leave(Environment& /*environment*/) {
  LeaveServer(shell_);
  LeaveRoute(shell_);
  LeaveAddress(shell_);
  LeaveGateway(shell_);
  --shell_.snapshot->sessions;
}

State Session::state() const { return kStates[phase_.index()]; }

Standing Session::standing() const {
  if (std::holds_alternative<Closing>(phase_) && !upgraded()) return Standing::kLingering;
  const auto* const handshake = std::get_if<Handshake>(&phase_);
  if (handshake == nullptr || handshake->awaits_below()) return Standing::kSession;
  const bool rests = shell_.answered_status != 0 && handshake->is_empty();
  return rests ? Standing::kResting : Standing::kHalfOpen;
}

bool Session::EndsWithFin() const {
  const auto* const dialling = std::get_if<Dialling>(&phase_);
  return dialling != nullptr && route()->mode == config::Mode::kTcp && dialling->is_empty();
}

Reading Session::ReadingOf(LinkRole role) const {
  return std::visit([role](const auto& phase) { return phase.ReadingOf(role); }, phase_);
}

bool Session::CanSplice(LinkRole from) const {
  if (const auto* const bridge = std::get_if<Bridge>(&phase_)) return bridge->CanSplice(from);
  const auto* const passage = std::get_if<Passage>(&phase_);
  return passage != nullptr && passage->CanSplice();
}

bool Session::HoldsChunk(const base::Arena& arena) const {
  const auto* const handshake = std::get_if<Handshake>(&phase_);
  return handshake != nullptr && handshake->held() &&
         arena.ClassOf(handshake->held().id()) == base::BufferClass::kChunk;
}

}  // namespace ringway::session
