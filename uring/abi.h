// SPDX-License-Identifier: Apache-2.0
//
// Kernel constants newer than the oldest supported header (liburing 2.3, Linux 6.1). Values are
// the kernel's ABI and never change; a name that the installed header has would be a macro, so
// ours are constants with other names.
#pragma once

#include <liburing.h>

#include <cstdint>

namespace ringway::uring {

inline constexpr uint32_t kSetupNoSqArray = 1U << 16;      ///< 6.6  IORING_SETUP_NO_SQARRAY
inline constexpr uint32_t kFeatRecvSendBundle = 1U << 14;  ///< 6.10 IORING_FEAT_RECVSEND_BUNDLE
inline constexpr uint32_t kFeatMinTimeout = 1U << 15;      ///< 6.12 IORING_FEAT_MIN_TIMEOUT
inline constexpr uint32_t kFeatNoIowait = 1U << 17;        ///< 6.15 IORING_FEAT_NO_IOWAIT
inline constexpr uint32_t kEnterNoIowait = 1U << 7;        ///< 6.15 IORING_ENTER_NO_IOWAIT
inline constexpr uint16_t kSendZcReportUsage = 1U << 3;    ///< 6.2  IORING_SEND_ZC_REPORT_USAGE
inline constexpr uint32_t kNotifUsageZcCopied = 1U << 31;  ///< 6.2  IORING_NOTIF_USAGE_ZC_COPIED

/// 6.17: the field of a multishot receive that bounds the sum of what it delivers: the completion
/// that reaches the bound is the last. The kernel looks between buffers, so that this one may pass
/// it by less than a buffer. In the union with file_index, which receives do not use.
inline void SetReceiveCap(io_uring_sqe& sqe, uint32_t bytes) { sqe.file_index = bytes; }

/// The provided buffer that a completion filled. REQUIRES: IORING_CQE_F_BUFFER is set.
inline uint16_t BufferIndex(uint32_t cqe_flags) {
  return static_cast<uint16_t>(cqe_flags >> IORING_CQE_BUFFER_SHIFT);
}

}  // namespace ringway::uring
