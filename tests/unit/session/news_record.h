// SPDX-License-Identifier: Apache-2.0
//
// An operator's log as short lines.
#pragma once

#include <string>
#include <vector>

#include "gateway/session/news.h"

namespace ringway::session {

/// What the session told, one line each.
class NewsRecord : public News {
 public:
  void OnOriginRefused(const RefusedOrigin& refused) override {
    lines.push_back("origin " + std::string(refused.origin) + " of " + refused.route.name + " " +
                    std::string(refused.host) + " " + std::string(refused.path));
  }
  void OnPathRefused(const RefusedPath& refused) override {
    lines.push_back("path " + std::string(refused.path) + " of " + std::string(refused.host) +
                    ": " + std::string(refused.reason));
  }
  void OnTokenIgnored(const config::Route& route) override {
    lines.push_back("token " + route.name);
  }
  void OnDialTimedOut(ServerId server) override { Add("timed out", server); }
  void OnServerEjected(ServerId server) override { Add("ejected", server); }
  void OnServerBack(ServerId server) override { Add("back", server); }

  std::vector<std::string> lines;

 private:
  void Add(const char* what, ServerId server) {
    lines.push_back(std::string(what) + " " + std::to_string(server.backend_index) + ":" +
                    std::to_string(server.server_index));
  }
};

}  // namespace ringway::session
