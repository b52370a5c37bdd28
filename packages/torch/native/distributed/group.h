// The ranks of a data-parallel run as this process sees them. One group a process, as one process is one rank.
#pragma once
#include <torch/csrc/distributed/c10d/ProcessGroup.hpp>
#include <torch/csrc/distributed/c10d/Store.hpp>
#include <memory>
#include "../node.h"
#include "heartbeat.h"

namespace medssl {

struct Group {
  int rank;
  int world_size;
  std::chrono::milliseconds timeout;
  c10::intrusive_ptr<c10d::Store> store;
  // Collectives that JavaScript asks for, and those of the Reducer.
  c10::intrusive_ptr<c10d::ProcessGroup> collectives;
  // allGather has one of its own: its backward runs in the midst of the Reducer's.
  c10::intrusive_ptr<c10d::ProcessGroup> gathers;
  // Set with NCCL, which fails on a thread of its own and has to be asked.
  c10::intrusive_ptr<c10d::Backend> nccl;
  std::unique_ptr<Heartbeat> heartbeat;
};

// The group that was joined; an error where none was.
Group& group();

// What the other ranks, the network or the meeting point made fail, as opposed to a wrong argument. Thrown to JavaScript
// with the code ERR_COMMUNICATION.
template <typename Work>
void communicate(Work work) {
  group().heartbeat->begin_collective();
  TORCH_CHECK_WITH(DistBackendError, !group().nccl || group().nccl->getError() == c10d::ErrorType::SUCCESS,
                   "an earlier collective failed");
  work();
}

bool is_communication_failure(const std::exception& error);

// `guarded`, with communication failures told apart.
template <Function function>
napi_value communicating(napi_env env, const Args& args) {
  try {
    return function(env, args);
  } catch (const std::exception& error) {
    if (!is_communication_failure(error)) throw;
    napi_throw_error(env, "ERR_COMMUNICATION", message_of(error).c_str());
  }
  return nullptr;
}

}  // namespace medssl
