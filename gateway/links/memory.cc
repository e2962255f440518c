// SPDX-License-Identifier: Apache-2.0
//
// Sizes, derived from the number of owners.
#include "gateway/links/memory.h"

#include <utility>

namespace ringway::links {

absl::StatusOr<Memory> Memory::Reserve(uint32_t owners) {
  const uint32_t links_max = kLinksPerOwner * owners;
  auto links = base::Slab<Link>::Map(links_max, "links");
  if (!links.ok()) return links.status();
  auto downloads = base::Slab<Download>::Map(owners, "downloads");
  if (!downloads.ok()) return downloads.status();
  auto download_of =
      base::Mapping::Reserve(size_t{links_max} * sizeof(uint32_t), "downloads by link");
  if (!download_of.ok()) return download_of.status();
  // Twice: who is over stands in a list until his turn comes.
  auto due = base::Fifo<base::LinkId>::Map(2 * links_max, "list of due links");
  if (!due.ok()) return due.status();
  auto waiting = base::Fifo<base::LinkId>::Map(2 * links_max, "list of waiting links");
  if (!waiting.ok()) return waiting.status();
  auto downloads_due = base::Fifo<base::LinkId>::Map(2 * links_max, "list of due downloads");
  if (!downloads_due.ok()) return downloads_due.status();
  auto dead = base::Fifo<uint32_t>::Map(links_max, "list of dropped links");
  if (!dead.ok()) return dead.status();
  return Memory{.links = *std::move(links),
                .downloads = *std::move(downloads),
                .download_of = *std::move(download_of),
                .due = *std::move(due),
                .waiting = *std::move(waiting),
                .downloads_due = *std::move(downloads_due),
                .dead = *std::move(dead)};
}

}  // namespace ringway::links
