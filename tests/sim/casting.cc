// SPDX-License-Identifier: Apache-2.0
//
// Which actors know how to play which kind of story.
#include "tests/sim/casting.h"

#include <memory>

#include "tests/sim/backend.h"
#include "tests/sim/client.h"
#include "tests/sim/file_client.h"
#include "tests/sim/hostile.h"
#include "tests/sim/passage_client.h"
#include "tests/sim/service.h"

namespace ringway::sim {
namespace {

std::unique_ptr<ClientEnd> MakeClient(const Scene& scene, const Part& part, Server& entrance,
                                      FileBook& book) {
  if (part.story.hostile.kind != Hostile::kNone) {
    return std::make_unique<HostileClient>(scene, part, entrance);
  }
  switch (part.story.mode) {
    case config::Mode::kWebSocket:
      return std::make_unique<PassageClient>(scene, part, entrance);
    case config::Mode::kStatic:
      return std::make_unique<FileClient>(scene, part, entrance, book);
    default:
      return std::make_unique<Client>(scene, part, entrance);
  }
}

/// REQUIRES: the story's route has a backend.
std::unique_ptr<BackendEnd> MakeBackend(const Scene& scene, const Part& part, Server& door) {
  if (part.story.hostile.kind != Hostile::kNone) {
    return std::make_unique<HostileBackend>(scene, part, door);
  }
  if (part.story.mode == config::Mode::kWebSocket) {
    return std::make_unique<Service>(scene, part, door);
  }
  return std::make_unique<Backend>(scene, part, door);
}

}  // namespace

void Assign(Cast& cast, const Scene& scene, Server& entrance, FileBook& book) {
  const Story& story = cast.story();
  for (size_t i = 0; i < story.clients; ++i) {
    cast.AddClient(MakeClient(scene, cast.PartOf(i), entrance, book));
  }
  if (story.mode == config::Mode::kStatic) return;
  if (story.hostile.kind == Hostile::kHungBackend) {
    cast.door().receive_bytes = story.hostile.receive_bytes;
  }
  for (size_t i = 0; i < story.clients; ++i) {
    Server& door = story.SharesBackend() ? cast.AddDoor() : cast.door();
    cast.LetServe(cast.AddBackend(MakeBackend(scene, cast.PartOf(i), door)), *cast.clients()[i]);
  }
  if (!story.SharesBackend()) return;
  cast.SetPorter(std::make_unique<Porter>(scene, cast.PartOf(0), cast.door()));
}

}  // namespace ringway::sim
