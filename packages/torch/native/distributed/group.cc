// Joining the other ranks, and collectives, by libtorch's c10d: gloo for the CPU, NCCL for CUDA where set-up could build
// that part (nccl/nccl.cc), else gloo, which takes CUDA's tensors through the host's memory.
#include "group.h"
#include <c10/util/Logging.h>
#include <dlfcn.h>
#include <cstdlib>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>
#include <c10/core/impl/VirtualGuardImpl.h>
#include "../handles.h"

namespace medssl {
namespace {

// Never destroyed at exit: threads of gloo and NCCL may still be at work then.
Group* joined = nullptr;
// Between openStore and joinGroup.
c10::intrusive_ptr<c10d::Store> opened;

// openStore(host, port, rank, worldSize, isHost, timeoutMs): where the ranks meet; `isHost` opens it, else connects.
napi_value open_store(napi_env env, const Args& args) {
  TORCH_CHECK(!joined, "this process is in a group already");
  // c10d tells of a lost connection with C++ backtraces; the error that follows says it in a sentence.
  if (!std::getenv("TORCH_CPP_LOG_LEVEL")) FLAGS_caffe2_log_level = c10::GLOG_FATAL;
  c10d::TCPStoreOptions options;
  options.port = static_cast<uint16_t>(args.index(1));
  options.isServer = args.boolean(4);
  options.timeout = std::chrono::milliseconds(static_cast<int64_t>(args.number(5)));
  options.waitWorkers = false;  // the group's own connections wait for everybody
  opened = c10::make_intrusive<c10d::TCPStore>(args.string(0), options);
  joined = new Group{.rank = static_cast<int>(args.index(2)),
                     .world_size = static_cast<int>(args.index(3)),
                     .timeout = options.timeout,
                     .store = {}, .collectives = {}, .gathers = {}, .nccl = {}, .heartbeat = {}};
  return undefined(env);
}

// An error that names the ranks that have not come in time.
void wait_for_all_ranks() {
  const auto& self = *joined;
  const auto key = [](int rank) { return "here/" + std::to_string(rank); };
  self.store->set(key(self.rank), std::vector<uint8_t>{1});
  std::vector<std::string> keys;
  for (int rank = 0; rank < self.world_size; ++rank) keys.push_back(key(rank));
  try {
    self.store->wait(keys, self.timeout);
  } catch (const c10::DistError&) {
    std::string missing;
    for (int rank = 0; rank < self.world_size; ++rank) {
      if (!self.store->check({key(rank)})) missing += (missing.empty() ? "" : ", ") + std::to_string(rank);
    }
    TORCH_CHECK_WITH(DistStoreError, missing.empty(), "no sign of rank ", missing);
    throw;
  }
}

using MakeNccl = void (*)(const c10::intrusive_ptr<c10d::Store>& store, int rank, int world_size,
                          std::chrono::milliseconds timeout, c10::intrusive_ptr<c10d::Backend>& made);

// Its symbols are libtorch_cuda's, which a CUDA device has brought in before.
MakeNccl load_nccl(const std::string& library) {
  static void* loaded = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  TORCH_CHECK(loaded, dlerror());
  return reinterpret_cast<MakeNccl>(dlsym(loaded, "medssl_make_nccl"));
}

c10::intrusive_ptr<c10d::ProcessGroup> connect(const std::string& name, c10::DeviceType type, MakeNccl make_nccl) {
  auto& self = *joined;
  const auto store = c10::make_intrusive<c10d::PrefixStore>(name, self.store);
  const auto made = c10::make_intrusive<c10d::ProcessGroup>(store, self.rank, self.world_size);
  auto backend_type = c10d::ProcessGroup::BackendType::GLOO;
  c10::intrusive_ptr<c10d::Backend> backend;
  if (make_nccl) {
    backend_type = c10d::ProcessGroup::BackendType::NCCL;
    make_nccl(store, self.rank, self.world_size, self.timeout, backend);
    self.nccl = backend;
  } else {
    auto options = c10d::ProcessGroupGloo::Options::create_default(self.timeout);
    backend = c10::make_intrusive<c10d::ProcessGroupGloo>(store, self.rank, self.world_size, std::move(options));
  }
  made->setBackend(type, backend_type, backend);
  made->setDefaultBackend(backend_type);
  made->setGroupName(name);
  return made;
}

// joinGroup(prefix, deviceType, deviceIndex, ncclLibrary or ""): every rank calls it. `prefix` keeps apart what several
// starts write into one store. The device becomes the current one of its type.
napi_value join_group(napi_env env, const Args& args) {
  TORCH_CHECK(opened, "no store is open");
  auto& self = *joined;
  const auto prefix = args.string(0);
  const c10::Device device(static_cast<c10::DeviceType>(args.index(1)), static_cast<c10::DeviceIndex>(args.index(2)));
  if (!device.is_cpu()) c10::impl::VirtualGuardImpl(device.type()).setDevice(device);
  self.store = c10::make_intrusive<c10d::PrefixStore>(prefix, opened);
  wait_for_all_ranks();
  const auto nccl_library = args.string(3);
  const auto make_nccl = nccl_library.empty() ? nullptr : load_nccl(nccl_library);
  self.collectives = connect("collectives", device.type(), make_nccl);
  self.gathers = connect("gathers", device.type(), make_nccl);
  self.heartbeat = std::make_unique<Heartbeat>(c10::make_intrusive<c10d::PrefixStore>(prefix, opened->clone()),
                                               self.rank, self.world_size);
  napi_add_env_cleanup_hook(env, [](void*) { if (joined) joined->heartbeat.reset(); }, nullptr);
  return undefined(env);
}

// leaveGroup(): closes the connections. Also after an openStore or joinGroup that failed.
napi_value leave_group(napi_env env, const Args&) {
  delete std::exchange(joined, nullptr);
  opened.reset();
  return undefined(env);
}

// The tensor itself, outside of autograd's view: c10d changes it in place.
std::vector<at::Tensor> in_place(Handle handle) { return {handles().tensor(handle).detach()}; }

void sum_over_ranks(c10d::ProcessGroup& ranks, std::vector<at::Tensor>& tensors, c10d::ReduceOp::RedOpType operation) {
  c10d::AllreduceOptions options;
  options.reduceOp = operation;
  ranks.allreduce(tensors, options)->wait();
}

// allReduce(tensor, operation): in place; 0 sum, 1 average, 2 max.
napi_value all_reduce(napi_env env, const Args& args) {
  auto tensors = in_place(args.index(0));
  const auto operation = args.index(1);
  TORCH_CHECK(operation != 1 || at::isFloatingType(tensors[0].scalar_type()), "an average needs a floating-point tensor");
  communicate([&] {
    sum_over_ranks(*group().collectives, tensors, operation == 2 ? c10d::ReduceOp::MAX : c10d::ReduceOp::SUM);
  });
  if (operation == 1) tensors[0].div_(group().world_size);  // gloo has no average
  return undefined(env);
}

// broadcast(tensor): rank 0's values, in place.
napi_value broadcast(napi_env env, const Args& args) {
  auto tensors = in_place(args.index(0));
  communicate([&] { group().collectives->broadcast(tensors)->wait(); });
  return undefined(env);
}

// [n, ...] of each rank -> [worldSize * n, ...], ordered by rank. Backward: what all ranks' losses want of this rank's part.
struct AllGather : torch::autograd::Function<AllGather> {
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& part) {
    context->saved_data["rows"] = part.size(0);
    auto sizes = part.sizes().vec();
    sizes[0] *= group().world_size;
    const auto whole = at::empty(sizes, part.options());
    std::vector<std::vector<at::Tensor>> outputs = {whole.chunk(group().world_size)};
    std::vector<at::Tensor> inputs = {part.contiguous()};
    communicate([&] { group().gathers->allgather(outputs, inputs)->wait(); });
    return whole;
  }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list gradients) {
    const auto rows = context->saved_data["rows"].toInt();
    std::vector<at::Tensor> whole = {gradients[0].clone(at::MemoryFormat::Contiguous)};
    communicate([&] { sum_over_ranks(*group().gathers, whole, c10d::ReduceOp::SUM); });
    return {whole[0].narrow(0, group().rank * rows, rows)};
  }
};

// allGather(tensor) -> tensor; shapes must be equal on all ranks.
napi_value all_gather(napi_env env, const Args& args) {
  const auto& part = handles().tensor(args.index(0));
  TORCH_CHECK(part.dim() > 0 && part.size(0) > 0, "expected a tensor with rows, got ", part.sizes());
  return number(env, handles().add(AllGather::apply(part)));
}

// whoIsLost() -> a sentence, after some seconds.
napi_value who_is_lost(napi_env env, const Args&) { return text(env, group().heartbeat->who_is_lost()); }

// checkGroup(): an error where NCCL met one meanwhile.
napi_value check_group(napi_env env, const Args&) {
  communicate([] {});
  return undefined(env);
}

}  // namespace

Group& group() {
  TORCH_CHECK(joined && joined->heartbeat, "this process is in no group of ranks");
  return *joined;
}

bool is_communication_failure(const std::exception& error) {
  if (dynamic_cast<const c10::DistError*>(&error)) return true;
  // gloo's own errors derive from std::runtime_error, those of operators from c10::Error.
  return dynamic_cast<const std::runtime_error*>(&error) != nullptr;
}

void define_reducer(napi_env env, napi_value exports);

void define_distributed(napi_env env, napi_value exports) {
  define<communicating<open_store>>(env, exports, "openStore");
  define<communicating<join_group>>(env, exports, "joinGroup");
  define<leave_group>(env, exports, "leaveGroup");
  define<communicating<all_reduce>>(env, exports, "allReduce");
  define<communicating<broadcast>>(env, exports, "broadcast");
  define<communicating<all_gather>>(env, exports, "allGather");
  define<communicating<check_group>>(env, exports, "checkGroup");
  define<who_is_lost>(env, exports, "whoIsLost");
  define_reducer(env, exports);
}

}  // namespace medssl
