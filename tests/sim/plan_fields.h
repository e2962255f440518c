// SPDX-License-Identifier: Apache-2.0
//
// Every field of a plan with its name, for whoever writes, reads or compares plans. A visitor takes
// a name and a field: a number, a bool, a string, an enum with the words for its values, a part or
// a list of parts.
#pragma once

#include <concepts>
#include <type_traits>

#include "tests/sim/plan.h"
#include "tests/sim/plan_words.h"

namespace ringway::sim {

template <typename T>
concept IsPart = std::is_class_v<std::remove_const_t<T>>;

template <typename T, typename U>
concept Is = std::same_as<std::remove_const_t<T>, U>;

template <typename V, Is<Pace> T>
void VisitFields(T& pace, V& visit) {
  visit("bytes_max", pace.bytes_max);
  visit("pause_ns_max", pace.pause_ns_max);
  visit("stop_from_ns", pace.stop_from_ns);
  visit("stop_until_ns", pace.stop_until_ns);
}

template <typename V, Is<AskedRange> T>
void VisitFields(T& range, V& visit) {
  visit("first", range.first);
  visit("last", range.last);
}

template <typename V, Is<FileRequest> T>
void VisitFields(T& request, V& visit) {
  visit("wish", request.wish, kWishes);
  visit("target", request.target);
  visit("path", request.path);
  visit("head", request.head);
  visit("condition", request.condition, kConditions);
  visit("ranges", request.ranges);
  visit("suffix_bytes", request.suffix_bytes);
  visit("pipelined", request.pipelined);
  visit("closes", request.closes);
}

template <typename V, Is<PlannedFile> T>
void VisitFields(T& file, V& visit) {
  visit("path", file.path);
  visit("bytes", file.bytes);
  visit("resident_bytes", file.resident_bytes);
}

template <typename V, Is<PlannedChange> T>
void VisitFields(T& change, V& visit) {
  visit("at_ns", change.at_ns);
  visit("kind", change.kind, kChanges);
  visit("file", change.file);
  visit("bytes", change.bytes);
}

template <typename V, Is<HostilePart> T>
void VisitFields(T& part, V& visit) {
  visit("kind", part.kind, kHostiles);
  visit("patience_ns", part.patience_ns);
  visit("receive_bytes", part.receive_bytes);
  visit("hung_reads", part.hung_reads);
}

template <typename V, Is<Story> T>
void VisitFields(T& story, V& visit) {
  visit("takes_part", story.takes_part);
  visit("begin_ns", story.begin_ns);
  visit("clients", story.clients);
  visit("apart_ns", story.apart_ns);
  visit("listener", story.listener);
  visit("text", story.text);
  visit("opening", story.opening, kOpenings);
  visit("pipelines", story.pipelines);
  visit("up_bytes", story.up_bytes);
  visit("message_bytes_max", story.message_bytes_max);
  visit("fragments_max", story.fragments_max);
  visit("ping_chance", story.ping_chance);
  visit("client_ending", story.client_ending, kClientEndings);
  visit("answers_pings", story.answers_pings);
  visit("client_reads", story.client_reads);
  visit("client_writes", story.client_writes);
  visit("empty_servers", story.empty_servers);
  visit("one_server", story.one_server);
  visit("backend", story.backend, kBackendKinds);
  visit("backend_ending", story.backend_ending, kBackendEndings);
  visit("down_bytes", story.down_bytes);
  visit("reset_at_bytes", story.reset_at_bytes);
  visit("backend_reads", story.backend_reads);
  visit("backend_writes", story.backend_writes);
  visit("mode", story.mode, kModes);
  visit("inspect", story.inspect, kInspects);
  visit("splice", story.splice, kSplices);
  visit("refusals", story.refusals);
  visit("refusal", story.refusal, kAnswers);
  visit("last_answer", story.last_answer, kAnswers);
  visit("sends_interim", story.sends_interim);
  visit("body_bytes_max", story.body_bytes_max);
  visit("unix_server", story.unix_server);
  visit("requests", story.requests);
  visit("may_be_refused", story.may_be_refused);
  visit("hostile", story.hostile);
  visit("up_offset", story.up_offset);
  visit("down_offset", story.down_offset);
}

template <typename V, Is<base::Limits> T>
void VisitFields(T& limits, V& visit) {
  visit("sessions_per_worker_max", limits.sessions_per_worker_max);
  visit("sessions_max", limits.sessions_max);
  visit("sessions_per_address_max", limits.sessions_per_address_max);
  visit("handshake_timeout_ns", limits.handshake_timeout_ns);
  visit("idle_timeout_ns", limits.idle_timeout_ns);
  visit("ping_interval_ns", limits.ping_interval_ns);
  visit("pong_timeout_ns", limits.pong_timeout_ns);
  visit("close_timeout_ns", limits.close_timeout_ns);
  visit("drain_timeout_ns", limits.drain_timeout_ns);
  visit("head_bytes_max", limits.head_bytes_max);
  visit("frame_bytes_max", limits.frame_bytes_max);
  visit("message_bytes_max", limits.message_bytes_max);
  visit("window_bytes", limits.window_bytes);
  visit("worker_queued_bytes_max", limits.worker_queued_bytes_max);
  visit("small_buffers", limits.small_buffers);
  visit("bulk_buffers", limits.bulk_buffers);
  visit("chunks", limits.chunks);
  visit("pipes", limits.pipes);
  visit("cells", limits.cells);
  visit("small_file_bytes_max", limits.small_file_bytes_max);
  visit("cached_files", limits.cached_files);
  visit("file_cache_bytes_max", limits.file_cache_bytes_max);
  visit("open_files", limits.open_files);
}

template <typename V, Is<Faults> T>
void VisitFields(T& faults, V& visit) {
#define X(name, most, what)  \
  visit(#name, faults.name); \
  visit("without." #name, faults.left_out[static_cast<size_t>(Fault::k_##name)]);
  RINGWAY_ALL_FAULTS(X)
#undef X
}

template <typename V, Is<Plan> T>
void VisitFields(T& plan, V& visit) {
  visit("chance", plan.random.state);
  visit("chance_of_times", plan.times.state);
  visit("weather", plan.weather, kWeathers);
  visit("limits", plan.limits);
  visit("faults", plan.faults);
  visit("connect_timeout_ns", plan.connect_timeout_ns);
  visit("sq_entries", plan.sq_entries);
  visit("cq_entries", plan.cq_entries);
  visit("pipe_bytes", plan.pipe_bytes);
  visit("caps_receives", plan.caps_receives);
  visit("has_fixed_buffers", plan.has_fixed_buffers);
  visit("wall_step_s", plan.wall_step_s);
  visit("wall_step_ns", plan.wall_step_ns);
  visit("drain_ns", plan.drain_ns);
  visit("files", plan.files);
  visit("changes", plan.changes);
  visit("stories", plan.stories);
}

}  // namespace ringway::sim
