// SPDX-License-Identifier: Apache-2.0
//
// The hostile cast: clients and backends that cost a gateway as much as they can, beside polite
// stories that must not notice. Nothing is owed to them, so what they get is not looked at.
#pragma once

#include <string>
#include <vector>

#include "tests/sim/ends.h"

namespace ringway::sim {

/// Shakes hands if its part has it, then writes what it may and reads nothing any more. When it has
/// lost patience it resets its connection.
class HostileClient : public ClientEnd {
 public:
  HostileClient(const Scene& scene, const Part& part, Server& entrance)
      : ClientEnd(scene, part, entrance) {}

  void Act() override;

  int status() const override { return status_; }
  uint64_t sent() const override { return sent_; }
  uint64_t received() const override { return answer_.size(); }
  uint64_t Taken() override { return connection_ == nullptr ? 0 : connection_->up.taken(); }
  bool flows() const override { return false; }
  std::string Missing() const override { return {}; }

 private:
  void Begin();
  void ReadAnswer();
  void WriteSome();
  bool Refill();
  void AppendRequest();
  void AppendFrame(uint8_t first, size_t payload_bytes);
  void AppendFrames();

  std::string answer_;
  int status_ = 0;
  std::vector<uint8_t> out_;
  size_t out_at_ = 0;
  uint64_t sent_ = 0;
  bool asked_ = false;
  bool fin_sent_ = false;
  uint64_t patience_ns_ = kNeverNs;
};

/// Echoes, says 404 to each request, talks and closes, or does nothing at all, as its story's part
/// wants.
class HostileBackend : public BackendEnd {
 public:
  HostileBackend(const Scene& scene, const Part& part, Server& door)
      : BackendEnd(scene, part, door) {}

  void Act() override;

  uint64_t Taken() const override { return connection_ == nullptr ? 0 : connection_->up.taken(); }

 private:
  void LeaveIfGone();
  void Hear(std::span<const uint8_t> bytes);
  void WriteSome();
  void EndIfOver();

  std::string request_;  ///< the head that is coming
  uint64_t owed_ = 0;    ///< bytes of an echo or a talk that are not written yet
  std::string out_;      ///< answers that are not written yet
  bool shut_ = false;
};

}  // namespace ringway::sim
