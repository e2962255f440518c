// SPDX-License-Identifier: Apache-2.0
//
// A kernel in memory: real submissions in, real completions out, simulated sockets and time. What
// it does without faults is held to the ring-contract suite, as LinuxKernel is; with faults it does
// what a real kernel may do at its worst.
//
// Beyond a kernel's duty it watches the worker (Watch::kWorker): no operation on a descriptor when
// it is closed, one receive and one send at a time, no memory used while it is the kernel's.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "tests/sim/completions.h"
#include "tests/sim/file_tree.h"
#include "tests/sim/request.h"
#include "tests/sim/surroundings.h"
#include "tests/sim/watched_groups.h"
#include "uring/kernel.h"
#include "uring/submission_queue.h"

namespace ringway::sim {

enum class Watch : uint8_t { kContract, kWorker };

struct SimKernelOptions {
  uint32_t sq_entries = 64;
  uint32_t cq_entries = 256;
  uring::FeatureSet features;
  Watch watch = Watch::kWorker;
  /// No wait is longer: whoever plays the world by hand has his turn again.
  uint64_t patience_ns = kNeverNs;
};

class SimKernel : public uring::Kernel {
 public:
  SimKernel(const Surroundings& around, const SimKernelOptions& options);

  const uring::RingMemory& memory() const override { return memory_; }
  uring::FeatureSet features() const override { return options_.features; }
  int Enter(const uring::EnterRequest& request) override;

  int RegisterBufferRing(const io_uring_buf_reg& ring) override { return groups_.Register(ring); }
  int UnregisterBufferRing(uint16_t group) override { return groups_.Unregister(group); }
  int RegisterBuffers(std::span<const iovec> buffers) override;
  int UnregisterBuffers() override;

  int OpenSocket(int family) override;
  int BindSource(int fd, const sockaddr_storage& address, socklen_t bytes) override;
  int SetNoDelay(int fd) override;
  int RemoteAddress(int fd, sockaddr_storage* address) override;
  int LocalAddress(int fd, sockaddr_storage* address) override;
  int Shutdown(int fd, int how) override;
  int Close(int fd) override;
  int OpenPipe(uint32_t bytes, uring::PipeEnds* ends) override;
  int Splice(int from, int to, uint32_t bytes) override;
  int SendAhead(int fd, std::span<const uint8_t> bytes) override;
  int ReadPipe(int fd, std::span<uint8_t> out) override;
  int UnreadBytes(int fd) override;
  int OpenBeneath(int root, const char* path, uring::Lookup lookup) override;
  int OpenPathOnly(int root, const char* path, uring::Lookup lookup) override;
  int PathBeneath(int root, int fd, std::span<char> path) override;
  int StatusOf(int fd, uring::FileStatus* status) override;
  int SendFile(int socket, int file, uint64_t offset, uint32_t bytes) override;
  int ReadResident(int file, std::span<uint8_t> out, uint64_t offset) override;
  int ReadAt(int file, std::span<uint8_t> out, uint64_t offset) override;

  // ---- What the world around does
  int AddSocket(Connection* connection);
  int AddListening(Server& server);
  int AddEvent();
  int AddFile(std::span<const uint8_t> bytes);
  int AddRoot();  ///< of tree()
  FileTree& tree() { return tree_; }
  void Signal(int event_fd) { descriptors_[static_cast<size_t>(event_fd)].event_count = 1; }
  Server* ListeningAt(int fd) { return descriptors_[static_cast<size_t>(fd)].listening; }

  /// The next operation of this kind never completes, nor does a cancel bring it back. Of cancels:
  /// the next of a whole descriptor.
  void WithholdNext(uint8_t opcode) { withhold_next_ = opcode; }
  /// From now on descriptors may be closed whatever is in flight: the ring goes with them.
  void LoseRing() { ring_is_lost_ = true; }

  // ---- What checks ask
  /// Those that never complete, by their user_data.
  const std::vector<uint64_t>& withheld() const { return withheld_; }
  /// One of them is on a descriptor of this kind.
  bool Withholds(DescriptorKind kind) const;
  bool WithholdsConnect() const;
  const Completions& completions() const { return cq_; }
  const WatchedGroups& groups() const { return groups_; }
  void NoteReaped() { cq_.NoteReaped(); }
  bool IsReceiving(const Connection* connection) const;
  /// A fault delays one of its operations.
  bool IsHeldBack(const Connection* connection) const;
  uint32_t sockets_open() const { return sockets_open_; }
  uint32_t pipe_ends_open() const;
  uint32_t files_open() const;  ///< descriptors of files and of directories
  uint64_t pipe_bytes() const;  ///< in all pipes together
  /// Bytes that the direct calls have moved from sockets to pipes, and to sockets.
  uint64_t bytes_spliced_in() const { return spliced_in_; }
  uint64_t bytes_spliced_out() const { return spliced_out_; }
  uint64_t bytes_sent_ahead() const { return sent_ahead_; }
  uint64_t bytes_sent_from_files() const { return sent_from_files_; }
  /// By all operations together that the worker knows of.
  uint64_t BytesMoved() const {
    return cq_.reaped_bytes(Nature::kSent) + cq_.reaped_bytes(Nature::kReceived) + spliced_in_ +
           spliced_out_ + sent_ahead_ + sent_from_files_;
  }
  size_t requests() const { return requests_.size(); }
  size_t disk_requests() const;  ///< those of them that wait for the disk
  uint64_t submissions() const { return submissions_; }
  uint64_t submitted(uint8_t opcode) const { return submitted_[opcode]; }

 private:
  // ---- sim_kernel.cc
  Descriptor* Find(int fd);
  int NewDescriptor(DescriptorKind kind);
  uint64_t NextDueNs() const;
  int Wait(const uring::EnterRequest& request);
  void Progress();
  void PostGhosts();
  void CheckOffered();

  // ---- submit.cc: from entries to requests
  void Submit(const io_uring_sqe& sqe);
  void WatchSubmission(const io_uring_sqe& sqe, const Request& request);
  bool Prepare(const io_uring_sqe& sqe, Request& request);
  void PrepareConnect(const io_uring_sqe& sqe, Request& request);
  void PrepareUnixConnect(Server& server, Request& request);
  void Cancel(const io_uring_sqe& sqe);
  bool CancelOne(Request& request);
  bool Withholds(const io_uring_sqe& sqe);
  void Withhold(Request request);

  // ---- operations.cc: from requests to completions
  void Try(Request& request);
  void TryAccept(Request& request, Descriptor& at);
  int AcceptError(Server& server);
  void TryConnect(Request& request, Descriptor& at);
  void TryReceive(Request& request, Connection& connection);
  bool Deliver(Request& request, Connection& connection);
  void TrySend(Request& request, Connection& connection);
  void TryRead(Request& request, Descriptor& at);
  void TryPoll(Request& request, Descriptor& at);
  void Finish(Request& request, int result, Nature nature);

  // ---- files.cc, file_operations.cc: direct calls on files, and those that wait for the disk
  int OpenFound(int root, std::string_view path, uring::Lookup lookup);
  int SendFileOneOf(int socket, int file, uint64_t offset, uint32_t bytes);
  bool RefusesProbe(File& file);
  void WatchDisk(const File& file, uint64_t offset);
  bool PrepareOpen(const io_uring_sqe& sqe, Request& request);
  void PrepareFileRead(const io_uring_sqe& sqe, Request& request);
  bool IsRegistered(const Request& request) const;
  void TryOpen(Request& request);
  void TryFileRead(Request& request, File& file);

  // ---- splice.cc: the direct calls that move bytes
  int SpliceOneOf(int from, int to, uint32_t bytes);
  int SpliceIn(int fd, Connection& from, KernelPipe& pipe, uint32_t bytes);
  int SpliceOut(int fd, KernelPipe& pipe, Connection& to, uint32_t bytes);
  void BreakBetweenHalves(const KernelPipe& pipe, Connection& to);
  size_t FragmentBytes();
  void WatchOrder(int fd, uint8_t opcode);

  Surroundings around_;
  SimKernelOptions options_;
  uring::RingMemory memory_;
  uring::SubmissionQueue sq_;
  Completions cq_;
  WatchedGroups groups_;
  std::vector<Descriptor> descriptors_;
  std::vector<Request> requests_;
  std::vector<size_t> order_;
  std::vector<Ghost> ghosts_;
  std::vector<std::span<uint8_t>> fixed_;
  FileTree tree_;
  bool mount_refuses_probe_ = false;
  uint32_t sockets_open_ = 0;
  uint64_t spliced_in_ = 0;
  uint64_t spliced_out_ = 0;
  uint64_t sent_ahead_ = 0;
  uint64_t sent_from_files_ = 0;
  uint64_t submissions_ = 0;
  std::optional<uint8_t> withhold_next_;
  std::vector<uint64_t> withheld_;
  bool ring_is_lost_ = false;
  uint64_t submitted_[256] = {};
};

}  // namespace ringway::sim
