// Joining the other ranks, and collectives, by libtorch's c10d: gloo for the CPU, NCCL for CUDA where set-up could build
// that part (nccl/nccl.cc), else gloo, which takes CUDA's tensors through the host's memory.
#include "group.h"
#include <c10/util/Logging.h>
#include <dlfcn.h>
#include <cstdlib>
#include <random>
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

std::string random_word() {
  std::random_device source;
  return std::to_string(source()) + "-" + std::to_string(source());
}

// Gives the group a part of the store that only the ranks of this start share: after a restart the store may hold what
// the start before left, and a launcher's count of restarts differs between machines. Each rank shows a word of its own;
// rank 0 answers to each such word with its own, under which the ranks meet.
void meet() {
  auto& self = *joined;
  const auto word_key = [](int rank) { return "medssl/word/" + std::to_string(rank); };
  const auto answer_key = [](const std::string& word) { return "medssl/answer/" + word; };
  const auto here_key = [](int rank) { return "here/" + std::to_string(rank); };
  const auto bytes = [](const std::string& text) { return std::vector<uint8_t>(text.begin(), text.end()); };
  const auto text = [](const std::vector<uint8_t>& data) { return std::string(data.begin(), data.end()); };
  const auto own_word = random_word();
  if (self.rank > 0) {
    opened->set(word_key(self.rank), bytes(own_word));
    try {
      self.store = c10::make_intrusive<c10d::PrefixStore>(text(opened->get(answer_key(own_word))), opened);
      self.store->set(here_key(self.rank), bytes(own_word));
      self.store->wait({"all"}, self.timeout);
    } catch (const c10::DistError&) {
      TORCH_CHECK_WITH(DistStoreError, self.store, "no sign of rank 0");
      TORCH_CHECK_WITH(DistStoreError, false, "rank 0 is here, but not all others");
    }
    return;
  }
  self.store = c10::make_intrusive<c10d::PrefixStore>(own_word, opened);
  std::vector<int> missing;
  for (int rank = 1; rank < self.world_size; ++rank) missing.push_back(rank);
  const auto deadline = std::chrono::steady_clock::now() + self.timeout;
  while (true) {
    std::erase_if(missing, [&](int rank) { return self.store->check({here_key(rank)}); });
    if (missing.empty()) break;
    TORCH_CHECK_WITH(DistStoreError, std::chrono::steady_clock::now() < deadline, "no sign of rank ",
                     c10::Join(", ", missing));
    for (const int rank : missing) {
      if (opened->check({word_key(rank)})) opened->set(answer_key(text(opened->get(word_key(rank)))), bytes(own_word));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  self.store->set("all", bytes(own_word));
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

// joinGroup(deviceType, deviceIndex, ncclLibrary or ""): every rank calls it. The device becomes the current one of its type.
napi_value join_group(napi_env env, const Args& args) {
  TORCH_CHECK(opened, "no store is open");
  auto& self = *joined;
  const c10::Device device(static_cast<c10::DeviceType>(args.index(0)), static_cast<c10::DeviceIndex>(args.index(1)));
  if (!device.is_cpu()) c10::impl::VirtualGuardImpl(device.type()).setDevice(device);
  meet();
  const auto nccl_library = args.string(2);
  const auto make_nccl = nccl_library.empty() ? nullptr : load_nccl(nccl_library);
  self.collectives = connect("collectives", device.type(), make_nccl);
  self.gathers = connect("gathers", device.type(), make_nccl);
  self.heartbeat = std::make_unique<Heartbeat>(self.store->clone(), self.rank, self.world_size);
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
