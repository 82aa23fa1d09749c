// A compiled module in memory: the shared object that gcc made on this box, opened and checked.
#pragma once

#include <memory>
#include <string>

#include "onbox_module.h"

namespace onbox {

/** Owns one opened module. Its kernels may be called by any thread for as long as it lives. */
class SharedObject {
 public:
  /** @throws Failure `module-open` if it does not load, `module-abi` if it is not a module of this ABI */
  explicit SharedObject(const std::string& path);

  [[nodiscard]] const onbox_module& module() const noexcept { return *module_; }

 private:
  struct Close {
    void operator()(void* handle) const noexcept;
  };

  std::unique_ptr<void, Close> handle_;
  const onbox_module* module_;
};

}  // namespace onbox
