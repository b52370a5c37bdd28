// Makes NCCL's part of a group (distributed/group.cc). A library of its own: what it calls lies in libtorch_cuda, which
// only a program with a CUDA device loads.
#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>

extern "C" __attribute__((visibility("default"))) void medssl_make_nccl(const c10::intrusive_ptr<c10d::Store>& store,
                                                                        int rank, int world_size,
                                                                        std::chrono::milliseconds timeout,
                                                                        c10::intrusive_ptr<c10d::Backend>& made) {
  auto options = c10d::ProcessGroupNCCL::Options::create();
  options->timeout = timeout;
  made = c10::make_intrusive<c10d::ProcessGroupNCCL>(store, rank, world_size, std::move(options));
}
