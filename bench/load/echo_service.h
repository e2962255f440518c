// SPDX-License-Identifier: Apache-2.0
//
// The services behind the gateway under test: TCP echo and WebSocket echo on one epoll loop.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "bench/load/sockets.h"
#include "bench/load/target.h"
#include "bench/load/ws_echo.h"

namespace ringway::load {

/// One thread's. Edge-triggered; one buffer for all clients; a client that does not take its echo
/// is not read until it does.
class EchoService {
 public:
  EchoService(Protocol protocol, Descriptor listener, Descriptor stop);

  /// Serves until the stop descriptor becomes readable.
  void Run();

 private:
  struct Client {
    Descriptor fd;
    std::optional<WsEcho> ws;
    bool readable = false;
    bool end_signalled = false;
    bool ending = false;
    bool dead = false;
    /// Echo that the socket did not take.
    std::vector<uint8_t> owed;
  };

  void Register(int fd, uint32_t events, void* who);
  void AcceptAll();
  void OnEvent(Client& client, uint32_t events);
  void Pump(Client& client);
  void Send(Client& client, std::span<const uint8_t> bytes);
  void OnWritable(Client& client);
  void FinishSending(Client& client);
  void End(Client& client);

  Protocol protocol_;
  Descriptor listener_;
  Descriptor stop_;
  Descriptor epoll_;
  std::vector<uint8_t> buffer_;
  std::unordered_map<Client*, std::unique_ptr<Client>> clients_;
  std::vector<Client*> unfinished_;
  std::vector<Client*> dead_;
};

}  // namespace ringway::load
