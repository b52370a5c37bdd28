// The names of gloo that libtorch's ProcessGroupGloo.hpp mentions: libtorch contains gloo, but not gloo's headers.
//
// Sound as long as nothing of gloo is made, copied, called or sized by our code, and nothing is: ProcessGroupGloo and its
// Options hold gloo's objects behind std::shared_ptr and std::vector, whose size does not depend on what they point to;
// both are constructed, and their devices chosen, by functions inside libtorch. Classes here are complete only where the
// header derives from them or deletes them in code that we never run. Set-up loads the result once before it counts.
//
// The other files in this folder are those that ProcessGroupGloo.hpp includes; all of them lead here.
#pragma once
#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace gloo {

class Context {
 public:
  void setTimeout(std::chrono::milliseconds timeout);
};

namespace rendezvous {
class Store {
 public:
  virtual ~Store();
  virtual void set(const std::string& key, const std::vector<char>& value) = 0;
  virtual std::vector<char> get(const std::string& key) = 0;
  virtual void wait(const std::vector<std::string>& keys) = 0;
  virtual void wait(const std::vector<std::string>& keys, const std::chrono::milliseconds& timeout) = 0;
};
}  // namespace rendezvous

namespace transport {
class Device;
class UnboundBuffer {
 public:
  virtual ~UnboundBuffer();
};
}  // namespace transport

}  // namespace gloo
