// SPDX-License-Identifier: Apache-2.0
//
// The seam: everything that the data path asks of a kernel. Production code writes real
// io_uring_sqe's into the memory that a Kernel names and reads real io_uring_cqe's from it; one
// virtual call a turn hands them over. LinuxKernel is io_uring itself; a kernel that lives in
// memory (for simulation) and one on epoll (where io_uring is forbidden) stand behind the same
// class, and nothing outside this folder may notice which one runs.
#pragma once

#include <liburing.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <cstdint>
#include <span>

namespace ringway::uring {

/// What a kernel may offer beyond the required set (Linux 6.1: DEFER_TASKRUN, SINGLE_ISSUER,
/// provided-buffer rings, multishot accept and receive).
enum class Feature : uint8_t {
  kNoSqArray,       ///< 6.6: no indirection in the submission queue
  kRegisteredRing,  ///< 5.18: enter without looking up the ring's descriptor
  kNoIowait,        ///< 6.15: waiting does not count as I/O wait
  kReceiveCap,      ///< 6.17: a multishot receive ends after so many bytes
  kFixedBuffers,    ///< registered memory for READ_FIXED and SEND_ZC
};

/// A set of features.
class FeatureSet {
 public:
  constexpr FeatureSet() = default;
  static constexpr FeatureSet All() { return FeatureSet(0xffff'ffff); }
  constexpr bool Has(Feature f) const { return (bits_ >> static_cast<unsigned>(f) & 1U) != 0; }
  constexpr FeatureSet With(Feature f) const {
    return FeatureSet(bits_ | 1U << static_cast<unsigned>(f));
  }
  constexpr FeatureSet Without(Feature f) const {
    return FeatureSet(bits_ & ~(1U << static_cast<unsigned>(f)));
  }

 private:
  constexpr explicit FeatureSet(uint32_t bits) : bits_(bits) {}
  uint32_t bits_ = 0;
};

/// The two queues, shared between the kernel and one thread. Pointers live as long as the Kernel.
struct RingMemory {
  io_uring_sqe* sqes = nullptr;
  uint32_t sq_entries = 0;             ///< a power of two
  const uint32_t* sq_head = nullptr;   ///< the kernel moves it
  uint32_t* sq_tail = nullptr;         ///< we move it
  const uint32_t* sq_flags = nullptr;  ///< IORING_SQ_*
  io_uring_cqe* cqes = nullptr;
  uint32_t cq_entries = 0;            ///< a power of two
  uint32_t* cq_head = nullptr;        ///< we move it
  const uint32_t* cq_tail = nullptr;  ///< the kernel moves it
};

inline constexpr uint64_t kNoTimeout = UINT64_MAX;

/// The two descriptors of a pipe.
struct PipeEnds {
  int read = -1;
  int write = -1;
};

/// What is known of an open file. Whoever reads it in pieces compares it before and after each.
struct FileStatus {
  bool is_regular = false;
  bool is_directory = false;
  uint64_t device = 0;  ///< of the file system; its inodes are unlike each other
  uint64_t inode = 0;
  uint32_t links = 0;  ///< names; the kernel sets `changed_ns` when one comes or goes
  uint64_t bytes = 0;
  int64_t modified_ns = 0;  ///< since 1970; a program may set it back
  int64_t changed_ns = 0;   ///< since 1970; of bytes and attributes, the kernel's own

  bool operator==(const FileStatus&) const = default;
};

/// How far a look-up may go for a name.
enum class Lookup : uint8_t {
  kCached,  ///< names that are in memory; -EAGAIN where one is not
  kWhole,   ///< to the disk: it may wait for that
};

/// One entry into the kernel.
struct EnterRequest {
  uint32_t submit = 0;               ///< entries of the submission queue to take
  uint32_t wait_for = 0;             ///< return when so many completions are there
  uint64_t timeout_ns = kNoTimeout;  ///< or when this time is over; relative
};

/// Used by one thread, the one that created it. Results are 0 or positive, or a negative errno.
class Kernel {
 public:
  virtual ~Kernel() = default;

  virtual const RingMemory& memory() const = 0;
  virtual FeatureSet features() const = 0;

  /// Takes submissions, lets completions arrive, waits as asked. What submissions point to (message
  /// headers, addresses, not payload) is no longer read after this returns. Returns the number
  /// taken; -ETIME and -EINTR are ordinary ends of waiting.
  virtual int Enter(const EnterRequest& request) = 0;

  // ---- Set-up -----------------------------------------------------------------------------

  /// A provided-buffer ring (io_uring_buf_reg). The memory stays the caller's.
  virtual int RegisterBufferRing(const io_uring_buf_reg& ring) = 0;
  virtual int UnregisterBufferRing(uint16_t group) = 0;
  /// Fixed buffers for READ_FIXED and SEND_ZC. The memory stays the caller's.
  virtual int RegisterBuffers(std::span<const iovec> buffers) = 0;
  virtual int UnregisterBuffers() = 0;

  // ---- Direct calls: those that the ring would hand to a kernel thread, or that never wait --

  /// A non-blocking stream socket of the family (AF_INET, AF_INET6: TCP; AF_UNIX), close-on-exec.
  virtual int OpenSocket(int family) = 0;
  /// bind(2) to a local address with port 0, and IP_BIND_ADDRESS_NO_PORT: the connect chooses the
  /// port. WHY: bind alone would take a port that no other connection of this address can have,
  /// whatever its server.
  virtual int BindSource(int fd, const sockaddr_storage& address, socklen_t bytes) = 0;
  /// TCP_NODELAY.
  virtual int SetNoDelay(int fd) = 0;
  /// The address of the other end.
  virtual int RemoteAddress(int fd, sockaddr_storage* address) = 0;
  /// The address of this end: the one that a client has connected to.
  virtual int LocalAddress(int fd, sockaddr_storage* address) = 0;
  /// shutdown(2). WHY not IORING_OP_SHUTDOWN: it always runs on a kernel worker thread.
  virtual int Shutdown(int fd, int how) = 0;
  /// close(2). REQUIRES: no operation on the descriptor is in flight.
  virtual int Close(int fd) = 0;
  /// A non-blocking pipe that holds `bytes` if the kernel grants so many; returns what it holds.
  /// WHY it may be less: an unprivileged user with many pipes gets them small (pipe(7)).
  virtual int OpenPipe(uint32_t bytes, PipeEnds* ends) = 0;
  /// splice(2) of at most `bytes`, one of the two a pipe's end; never waits. Returns how many were
  /// moved; 0: the stream has ended; -EAGAIN: nothing to take, or no room. WHY not
  /// IORING_OP_SPLICE: it always runs on a kernel worker thread. REQUIRES: the process ignores
  /// SIGPIPE, since splice(2) knows no MSG_NOSIGNAL.
  virtual int Splice(int from, int to, uint32_t bytes) = 0;
  /// send(2) of bytes that others follow at once (MSG_MORE), such as a frame header in front of a
  /// spliced payload; never waits. Returns how many were taken, -EAGAIN: none.
  virtual int SendAhead(int fd, std::span<const uint8_t> bytes) = 0;
  /// read(2) from the read end of a pipe; never waits. Returns how many bytes were taken, -EAGAIN:
  /// the pipe is empty.
  virtual int ReadPipe(int fd, std::span<uint8_t> out) = 0;
  /// SIOCINQ: how many received bytes wait in the socket to be read. A FIN is none.
  virtual int UnreadBytes(int fd) = 0;
  /// openat2(2) for reading, beneath the directory `root`: neither "..", an absolute path nor a
  /// link leads out of it (-EXDEV), and it does not wait for the writer of a FIFO. -EAGAIN also
  /// where a name was changed meanwhile. `path` ends with a zero byte.
  virtual int OpenBeneath(int root, const char* path, Lookup lookup) = 0;
  /// openat2(2) with O_PATH, from `root` on: names that a link leads to may lie outside of it, and
  /// may be of any kind; nothing of them is opened. Never the kernel's own links (-ELOOP).
  virtual int OpenPathOnly(int root, const char* path, Lookup lookup) = 0;
  /// The path of an open file beneath the directory `root`, without links, as both are named now
  /// (/proc/self/fd). Returns its bytes; 0: it is the root; -EXDEV: it is not beneath it;
  /// -ENAMETOOLONG: it does not fit. " (deleted)" stands behind the name of a file that has none
  /// any more.
  virtual int PathBeneath(int root, int fd, std::span<char> path) = 0;
  /// statx(2) of an open file.
  virtual int StatusOf(int fd, FileStatus* status) = 0;
  /// sendfile(2) of at most `bytes` of a file, from `offset` on, into a non-blocking socket.
  /// Returns how many were taken; 0: the file ends there; -EAGAIN: no room. It may wait for the
  /// disk, where ReadResident says -EAGAIN.
  virtual int SendFile(int socket, int file, uint64_t offset, uint32_t bytes) = 0;
  /// preadv2(2) with RWF_NOWAIT: those bytes that are in memory. 0: the file ends there; -EAGAIN:
  /// the first of them is not; -EOPNOTSUPP: this file system does not say (tmpfs: all is).
  virtual int ReadResident(int file, std::span<uint8_t> out, uint64_t offset) = 0;
  /// pread(2): it may wait for the disk. For file systems that do not say what is in memory.
  virtual int ReadAt(int file, std::span<uint8_t> out, uint64_t offset) = 0;
};

}  // namespace ringway::uring
