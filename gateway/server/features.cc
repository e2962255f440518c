// SPDX-License-Identifier: Apache-2.0
//
// The feature table, for people and for programs.
#include "gateway/server/features.h"

#include <linux/bpf.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace ringway::server {
namespace {

const char* Word(uring::Support support) {
  switch (support) {
    case uring::Support::kUsed:
      return "used";
    case uring::Support::kUnused:
      return "offered";
    case uring::Support::kMissing:
      break;
  }
  return "missing";
}

// Loads the smallest steering program: `return SK_PASS`.
int TrySteering() {
  const std::array<bpf_insn, 2> program = {{
      {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = SK_PASS},
      {.code = BPF_JMP | BPF_EXIT},
  }};
  const char license[] = "Dual BSD/GPL";
  bpf_attr attributes{};
  attributes.prog_type = BPF_PROG_TYPE_SK_REUSEPORT;
  attributes.insns = reinterpret_cast<uint64_t>(program.data());
  attributes.insn_cnt = program.size();
  attributes.license = reinterpret_cast<uint64_t>(license);
  const long fd = syscall(__NR_bpf, BPF_PROG_LOAD, &attributes, sizeof attributes);
  if (fd < 0) return errno;
  close(static_cast<int>(fd));
  return 0;
}

}  // namespace

uring::ProbeResult ProbeAll() {
  uring::ProbeResult probe = uring::Probe();
  const int error = TrySteering();
  probe.rows.push_back(
      {.name = "BPF steering of connections",
       .since = "4.19",
       .support = error == 0 ? uring::Support::kUnused : uring::Support::kMissing,
       .note = error == 0
                   ? "connections are spread over workers by the kernel's hash"
                   : absl::StrCat(std::strerror(error),
                                  " (needs CAP_BPF); connections are spread over workers by the "
                                  "kernel's hash")});
  return probe;
}

std::string FeatureTable(const uring::ProbeResult& probe) {
  utsname system{};
  uname(&system);
  size_t width = 7;
  for (const uring::ProbeRow& row : probe.rows) width = std::max(width, row.name.size());
  std::string text =
      absl::StrFormat("Linux %s: %s\n\n", system.release,
                      probe.usable ? "ringway runs here" : "ringway cannot run here");
  absl::StrAppendFormat(&text, "%-*s  %-6s %-8s %s\n", static_cast<int>(width), "FEATURE", "SINCE",
                        "STATE", "NOTE");
  for (const uring::ProbeRow& row : probe.rows) {
    absl::StrAppendFormat(&text, "%-*s  %-6s %-8s %s\n", static_cast<int>(width), row.name,
                          row.since, Word(row.support), row.note);
  }
  return text;
}

std::string FeatureJson(const uring::ProbeResult& probe) {
  nlohmann::json features = nlohmann::json::array();
  for (const uring::ProbeRow& row : probe.rows) {
    features.push_back({{"name", row.name},
                        {"since", row.since},
                        {"support", Word(row.support)},
                        {"note", row.note}});
  }
  return nlohmann::json({{"usable", probe.usable}, {"features", features}}).dump(2) + "\n";
}

}  // namespace ringway::server
