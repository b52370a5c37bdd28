#include "handles.h"

namespace medssl {

Handle HandleTable::add(c10::IValue value) {
  if (free_.empty()) {
    slots_.push_back({std::move(value)});
    return static_cast<Handle>(slots_.size() - 1);
  }
  const Handle handle = free_.back();
  free_.pop_back();
  slots_[handle].value = std::move(value);
  return handle;
}

const at::Tensor& HandleTable::tensor(Handle handle) const {
  TORCH_CHECK(handle > 0 && handle < slots_.size() && slots_[handle].value.isTensor(), "not the handle of a tensor: ",
              handle);
  return slots_[handle].value.toTensor();
}

int64_t HandleTable::adopt(Handle handle) {
  const auto bytes = static_cast<int64_t>(tensor(handle).numel() * tensor(handle).element_size());
  return slots_[handle].adopted_bytes = bytes;
}

int64_t HandleTable::release(Handle handle) {
  TORCH_CHECK(handle > 0 && handle < slots_.size(), "release of an unknown handle: ", handle);
  const auto slot = std::exchange(slots_[handle], Slot());
  free_.push_back(handle);
  return slot.adopted_bytes;
}

HandleTable& handles() {
  // Never destroyed: tensors must not be freed after libtorch's own statics at exit.
  static auto* table = new HandleTable();
  return *table;
}

double*& call_buffer() {
  static double* words = nullptr;
  return words;
}

}  // namespace medssl
