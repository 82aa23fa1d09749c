// The table of routines.

#include "host/routines.h"

#include <algorithm>
#include <array>
#include <string>

#include "failure.h"
#include "runner.h"

namespace onbox::host {

namespace {

constexpr std::array kRoutines{Routine{"top-k", topK, 4}, Routine{"recurrence", recurrence, 11},
                               Routine{"non-max-suppression", nonMaxSuppression, 5}, Routine{"non-zero", nonZero, 4}};

}  // namespace

const Routine* findRoutine(std::string_view name) noexcept {
  const auto* const found =
      std::find_if(kRoutines.begin(), kRoutines.end(), [&](const Routine& each) { return each.name == name; });
  return found == kRoutines.end() ? nullptr : found;
}

}  // namespace onbox::host

namespace onbox {

onbox_kernel requireRoutine(const Launch& launch, const std::string& where) {
  const host::Routine* routine = host::findRoutine(launch.routine);
  if (routine == nullptr)
    throw Failure("module-plan", where + " names the routine " + launch.routine + ", which the addon lacks");
  if (launch.buffers.size() != routine->bufferCount) {
    throw Failure("module-plan", where + " has " + std::to_string(launch.buffers.size()) + " buffers, the routine " +
                                     launch.routine + " takes " + std::to_string(routine->bufferCount));
  }
  return routine->run;
}

}  // namespace onbox
