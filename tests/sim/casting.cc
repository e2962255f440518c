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
  const Part part{.cast = cast, .story = cast.story(), .number = cast.number()};
  const ClientEnd& client = cast.AddClient(MakeClient(scene, part, entrance, book));
  if (part.story.mode == config::Mode::kStatic) return;
  if (part.story.hostile.kind == Hostile::kHungBackend) {
    cast.door().receive_bytes = part.story.hostile.receive_bytes;
  }
  cast.LetServe(cast.AddBackend(MakeBackend(scene, part, cast.door())), client);
}

}  // namespace ringway::sim
