// Tensors and JavaScript's memory: descriptions, zero-copy in both directions, release, statistics.
#include <ATen/ATen.h>
#include <mutex>
#include <unordered_set>
#include "handles.h"
#include "node.h"

namespace medssl {
namespace {

// References to ArrayBuffers whose tensors died, on whatever thread; deleted on JavaScript's own.
std::mutex dead_mutex;
std::vector<napi_ref> dead_references;

void delete_dead_references(napi_env env) {
  std::vector<napi_ref> references;
  {
    const std::lock_guard<std::mutex> lock(dead_mutex);
    references.swap(dead_references);
  }
  for (const auto reference : references) napi_delete_reference(env, reference);
}

// describe(tensor): [dtype, deviceType, deviceIndex, requiresGrad, isContiguous, rank, sizes...] in the call buffer.
napi_value describe(napi_env env, const Args& args) {
  const auto& tensor = handles().tensor(args.index(0));
  double* out = call_buffer();
  *out++ = static_cast<double>(tensor.scalar_type());
  *out++ = static_cast<double>(tensor.device().type());
  *out++ = tensor.device().index();
  *out++ = tensor.requires_grad();
  *out++ = tensor.is_contiguous();
  *out++ = static_cast<double>(tensor.dim());
  for (const auto size : tensor.sizes()) *out++ = static_cast<double>(size);
  return undefined(env);
}

// fromTypedArray(array, dtype, rank): sizes in the call buffer -> a tensor on the array's own memory.
napi_value from_typed_array(napi_env env, const Args& args) {
  delete_dead_references(env);
  void* data = nullptr;
  napi_typedarray_type type;
  napi_value buffer;
  TORCH_CHECK(napi_get_typedarray_info(env, args[0], &type, nullptr, &data, &buffer, nullptr) == napi_ok);
  const double* words = call_buffer();
  const std::vector<int64_t> sizes(words, words + args.index(2));
  napi_ref reference;
  TORCH_CHECK(napi_create_reference(env, buffer, 1, &reference) == napi_ok);
  const auto forget = [reference](void*) {
    const std::lock_guard<std::mutex> lock(dead_mutex);
    dead_references.push_back(reference);
  };
  const auto options = at::TensorOptions().dtype(static_cast<at::ScalarType>(args.index(1)));
  return number(env, handles().add(at::from_blob(data, sizes, forget, options)));
}

// toArrayBuffer(tensor, isShared): the bytes of a contiguous CPU tensor, on the tensor's own memory or copied.
napi_value to_array_buffer(napi_env env, const Args& args) {
  const auto& tensor = handles().tensor(args.index(0));
  TORCH_CHECK(tensor.is_cpu() && tensor.is_contiguous(), "the bytes of a tensor need it on the CPU and contiguous");
  napi_value result;
  if (args.boolean(1) && tensor.nbytes() > 0) {
    auto* owner = new at::Tensor(tensor);
    const auto free = [](napi_env, void*, void* hint) { delete static_cast<at::Tensor*>(hint); };
    if (napi_create_external_arraybuffer(env, tensor.data_ptr(), tensor.nbytes(), free, owner, &result) == napi_ok) {
      return result;
    }
    delete owner;  // a runtime without external buffers (Electron): copy
  }
  void* data = nullptr;
  TORCH_CHECK(napi_create_arraybuffer(env, tensor.nbytes(), &data, &result) == napi_ok, "out of JavaScript memory");
  if (tensor.nbytes() > 0) std::memcpy(data, tensor.const_data_ptr(), tensor.nbytes());
  return result;
}

// adopt(tensor): the garbage collector counts its bytes as its own from now on.
napi_value adopt(napi_env env, const Args& args) {
  int64_t total = 0;
  napi_adjust_external_memory(env, handles().adopt(args.index(0)), &total);
  return undefined(env);
}

// release(count): handles in the call buffer.
napi_value release(napi_env env, const Args& args) {
  const double* words = call_buffer();
  int64_t adopted_bytes = 0;
  for (uint32_t i = 0, count = args.index(0); i < count; ++i) {
    adopted_bytes += handles().release(static_cast<Handle>(words[i]));
  }
  int64_t total = 0;
  if (adopted_bytes > 0) napi_adjust_external_memory(env, -adopted_bytes, &total);
  return undefined(env);
}

// memoryStats(): [live handles, bytes of their distinct storages] in the call buffer.
napi_value memory_stats(napi_env env, const Args&) {
  std::unordered_set<const c10::StorageImpl*> seen;
  double bytes = 0;
  for (const auto& slot : handles().slots()) {
    if (!slot.value.isTensor() || !slot.value.toTensor().has_storage()) continue;
    const auto* storage = slot.value.toTensor().storage().unsafeGetStorageImpl();
    if (seen.insert(storage).second) bytes += static_cast<double>(storage->nbytes());
  }
  call_buffer()[0] = static_cast<double>(handles().live());
  call_buffer()[1] = bytes;
  return undefined(env);
}

}  // namespace

void define_memory(napi_env env, napi_value exports) {
  define<describe>(env, exports, "describe");
  define<from_typed_array>(env, exports, "fromTypedArray");
  define<to_array_buffer>(env, exports, "toArrayBuffer");
  define<adopt>(env, exports, "adopt");
  define<release>(env, exports, "release");
  define<memory_stats>(env, exports, "memoryStats");
}

}  // namespace medssl
