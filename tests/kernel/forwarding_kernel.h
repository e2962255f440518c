// SPDX-License-Identifier: Apache-2.0
//
// io_uring with somebody in front of it: what a test changes about a kernel is all that it writes.
#pragma once

#include <memory>
#include <span>
#include <utility>

#include "uring/linux_kernel.h"

namespace ringway::uring {

class ForwardingKernel : public Kernel {
 public:
  explicit ForwardingKernel(std::unique_ptr<LinuxKernel> kernel) : kernel_(std::move(kernel)) {}

  const RingMemory& memory() const override { return kernel_->memory(); }
  FeatureSet features() const override { return kernel_->features(); }
  int Enter(const EnterRequest& request) override { return kernel_->Enter(request); }
  int RegisterBufferRing(const io_uring_buf_reg& ring) override {
    return kernel_->RegisterBufferRing(ring);
  }
  int UnregisterBufferRing(uint16_t group) override { return kernel_->UnregisterBufferRing(group); }
  int RegisterBuffers(std::span<const iovec> buffers) override {
    return kernel_->RegisterBuffers(buffers);
  }
  int UnregisterBuffers() override { return kernel_->UnregisterBuffers(); }
  int OpenSocket(int family) override { return kernel_->OpenSocket(family); }
  int BindSource(int fd, const sockaddr_storage& address, socklen_t bytes) override {
    return kernel_->BindSource(fd, address, bytes);
  }
  int SetNoDelay(int fd) override { return kernel_->SetNoDelay(fd); }
  int RemoteAddress(int fd, sockaddr_storage* address) override {
    return kernel_->RemoteAddress(fd, address);
  }
  int LocalAddress(int fd, sockaddr_storage* address) override {
    return kernel_->LocalAddress(fd, address);
  }
  int Shutdown(int fd, int how) override { return kernel_->Shutdown(fd, how); }
  int Close(int fd) override { return kernel_->Close(fd); }
  int OpenPipe(uint32_t bytes, PipeEnds* ends) override { return kernel_->OpenPipe(bytes, ends); }
  int Splice(int from, int to, uint32_t bytes) override { return kernel_->Splice(from, to, bytes); }
  int SendAhead(int fd, std::span<const uint8_t> bytes) override {
    return kernel_->SendAhead(fd, bytes);
  }
  int ReadPipe(int fd, std::span<uint8_t> out) override { return kernel_->ReadPipe(fd, out); }
  int UnreadBytes(int fd) override { return kernel_->UnreadBytes(fd); }
  int OpenBeneath(int root, const char* path, Lookup lookup) override {
    return kernel_->OpenBeneath(root, path, lookup);
  }
  int OpenPathOnly(int root, const char* path, Lookup lookup) override {
    return kernel_->OpenPathOnly(root, path, lookup);
  }
  int PathBeneath(int root, int fd, std::span<char> path) override {
    return kernel_->PathBeneath(root, fd, path);
  }
  int StatusOf(int fd, FileStatus* status) override { return kernel_->StatusOf(fd, status); }
  int SendFile(int socket, int file, uint64_t offset, uint32_t bytes) override {
    return kernel_->SendFile(socket, file, offset, bytes);
  }
  int ReadResident(int file, std::span<uint8_t> out, uint64_t offset) override {
    return kernel_->ReadResident(file, out, offset);
  }
  int ReadAt(int file, std::span<uint8_t> out, uint64_t offset) override {
    return kernel_->ReadAt(file, out, offset);
  }

 private:
  std::unique_ptr<LinuxKernel> kernel_;
};

}  // namespace ringway::uring
