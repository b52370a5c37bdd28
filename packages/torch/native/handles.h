// Values that JavaScript holds: a table of IValues, addressed by small integers.
//
// A handle owns one reference to a tensor. JavaScript's Tensor object is its only owner and zeroes it on release, so an
// index needs no generation; 0 is "no value".
#pragma once
#include <ATen/ATen.h>
#include <ATen/core/ivalue.h>
#include <cstdint>
#include <vector>

namespace medssl {

using Handle = uint32_t;

class HandleTable {
 public:
  Handle add(c10::IValue value);
  const at::Tensor& tensor(Handle handle) const;
  void release(Handle handle);
  size_t live() const { return slots_.size() - 1 - free_.size(); }
  const std::vector<c10::IValue>& slots() const { return slots_; }

 private:
  std::vector<c10::IValue> slots_ = std::vector<c10::IValue>(1);
  std::vector<Handle> free_;
};

HandleTable& handles();

// The buffer through which arguments and results pass without a Node-API call each. JavaScript allocates it, and a
// larger one when a call needs it.
struct CallBuffer {
  double* words = nullptr;
  size_t size = 0;
};

CallBuffer& call_buffer();

}  // namespace medssl
