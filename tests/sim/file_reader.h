// SPDX-License-Identifier: Apache-2.0
//
// Reads the answers of a static route as a client does, and holds each to what the tree had: the
// right status, and of a file the bytes of one version of it and of no other. Shares no code with
// the gateway.
//
// In this world files change between two calls of the kernel and never during one. So it can be
// proven that no answer has bytes of two versions: the worker looks at a file before and after each
// piece, and between those looks nothing happens. On Linux it may, and the race is documented.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tests/sim/file_book.h"
#include "tests/sim/file_plan.h"
#include "tests/sim/verdict.h"

namespace ringway::sim {

/// A request as it was sent.
struct SentRequest {
  FileRequest request;
  std::string entity_tag;  ///< that its condition names, quotes and all
  uint64_t sent_ns = 0;    ///< when its first byte was
};

/// The text of a request for something below the route `index`.
std::string TextOf(const SentRequest& sent, uint32_t index);

class FileReader {
 public:
  /// Both must outlive it.
  FileReader(FileBook& book, Verdict& verdict) : book_(&book), verdict_(&verdict) {}

  /// The next answer is to this one. REQUIRES: is_done().
  void Expect(SentRequest sent);
  /// Reads on in the answer. Returns how many bytes belonged to it.
  size_t Feed(std::span<const uint8_t> bytes);

  bool is_done() const { return state_ == State::kDone; }
  /// Something of it has come.
  bool has_begun() const { return !head_.empty(); }
  int status() const { return status_; }
  bool closes() const { return closes_; }  ///< it is the last answer
  /// It refuses what it might not: overload, a drain, time that is up.
  bool is_refused() const { return is_refused_; }
  /// Of what has come of it: the file that it is about, nullptr: that is not known.
  const Version* version() const { return is_done() ? nullptr : version_; }
  uint64_t body_bytes() const { return body_bytes_; }  ///< of all answers

 private:
  enum class State : uint8_t { kDone, kHead, kSkip, kPartHead, kBytes, kLast };
  struct Part {
    uint64_t first = 0;
    uint64_t bytes = 0;
  };

  [[gnu::format(printf, 2, 3)]] void Wrong(const char* format, ...);
  void OnHead();
  void OnOtherHead();
  void OnFileHead();
  void OnWholeFile();
  void OnParts();
  void CheckCondition();
  void CheckUnsatisfiable();
  std::vector<Part> PartsOf(uint64_t file_bytes) const;
  bool FindVersion();
  void BeginBody();
  void NextPart();
  size_t FeedHead(std::string_view text);
  size_t FeedPartHead(std::string_view text);
  size_t FeedBytes(std::span<const uint8_t> bytes);
  size_t FeedLast(std::string_view text);
  std::string_view Field(std::string_view name) const;
  uint64_t ContentLength();
  uint64_t since_ns() const;

  FileBook* book_;
  Verdict* verdict_;
  State state_ = State::kDone;
  SentRequest sent_;
  std::string head_;
  int status_ = 0;
  bool closes_ = false;
  bool is_refused_ = false;
  uint64_t left_ = 0;  ///< of the body
  uint64_t body_bytes_ = 0;
  Version* version_ = nullptr;
  std::vector<Part> parts_;
  size_t part_ = 0;
  uint64_t part_at_ = 0;  ///< bytes of the part that have come
  std::string boundary_;  ///< empty: not in parts
  std::string part_head_;
};

}  // namespace ringway::sim
