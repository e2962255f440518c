// SPDX-License-Identifier: Apache-2.0
//
// A simulated client of a static route: asks for files one after the other on one connection, some
// before the last answer has come, and reads each answer to its end, or goes before.
#pragma once

#include <string>

#include "tests/sim/ends.h"
#include "tests/sim/file_reader.h"

namespace ringway::sim {

class FileClient : public ClientEnd {
 public:
  FileClient(const Scene& scene, const Part& part, Server& entrance, FileBook& book);

  void Act() override;

  int status() const override { return reader_.status(); }
  uint64_t sent() const override { return 0; }
  uint64_t received() const override { return reader_.body_bytes(); }
  uint64_t Taken() override { return 0; }
  bool flows() const override { return false; }
  std::string Missing() const override;

 private:
  void Begin();
  void Leave();
  bool HasLeft();
  void ReadSome();
  void WriteSome();
  void Ask();
  bool MayAsk() const;
  void EndWriting();
  void EndIfOver();
  bool MayBeCut() const;
  bool IsAnswered() const { return answered_ == story_->requests.size(); }

  FileBook* book_;
  FileReader reader_;
  std::vector<SentRequest> asked_;
  size_t answered_ = 0;
  std::string out_;  ///< all requests so far
  size_t out_at_ = 0;
  uint64_t read_ = 0;
  bool refused_ = false;
  bool closed_ = false;  ///< the gateway has given its last answer
  bool fin_sent_ = false;
  bool vanished_ = false;
  uint64_t patience_ns_ = kNeverNs;
};

}  // namespace ringway::sim
