// The file of a kept program: a line of magic, key, length and checksum, then what the driver gave. Drivers crash on damaged
// binaries, so those never reach them.

#include "opencl/program.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <vector>

#include "failure.h"
#include "opencl/check.h"

namespace onbox::cl {

namespace {

constexpr const char* kMagic = "onbox-opencl-1";
constexpr std::size_t kLogMax = 4000;

using Binary = std::vector<unsigned char>;

/** FNV-1a of 64 bits, which tells damage, not malice: whoever can write the file can write the module's code beside it. */
std::uint64_t checksum(const Binary& bytes) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const unsigned char byte : bytes) hash = (hash ^ byte) * 0x100000001b3U;
  return hash;
}

std::string headerOf(const std::string& key, const Binary& binary) {
  return std::string(kMagic) + " " + key + " " + std::to_string(binary.size()) + " " + std::to_string(checksum(binary));
}

std::optional<Binary> readKept(const ProgramOptions& options) {
  std::ifstream file(options.binary, std::ios::binary);
  std::string header;
  if (options.binary.empty() || !std::getline(file, header)) return {};
  Binary binary{std::istreambuf_iterator<char>(file), {}};
  if (header != headerOf(options.binaryKey, binary)) return {};
  return binary;
}

/** By a name of this process and a rename, so that nobody reads half of it. */
void keep(const ProgramOptions& options, const Binary& binary) {
  const std::string unfinished = options.binary + "." + std::to_string(getpid());
  std::ofstream file(unfinished, std::ios::binary);
  file << headerOf(options.binaryKey, binary) << '\n';
  file.write(reinterpret_cast<const char*>(binary.data()),  // NOLINT(cppcoreguidelines-pro-type-reinterpret-cast): bytes.
             static_cast<std::streamsize>(binary.size()));
  file.close();
  if (!file || std::rename(unfinished.c_str(), options.binary.c_str()) != 0) static_cast<void>(unlink(unfinished.c_str()));
}

std::string readSource(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file) throw Failure("module-open", "cannot read \"" + path + "\"");
  return text.str();
}

/** Its end, where compilers sum up. */
std::string buildLog(const DeviceContext& device, Program* program) {
  std::size_t bytes = 0;
  device.api().clGetProgramBuildInfo(program, device.device(), kProgramBuildLog, 0, nullptr, &bytes);
  std::string log(std::min<std::size_t>(bytes, std::size_t{1} << 20U), '\0');
  if (!log.empty()) {
    device.api().clGetProgramBuildInfo(program, device.device(), kProgramBuildLog, log.size(), log.data(), nullptr);
  }
  log.resize(std::min(log.find('\0'), log.size()));
  return log.size() > kLogMax ? log.substr(log.size() - kLogMax) : log;
}

Int build(const DeviceContext& device, Program* program, const std::string& options) {
  Device* const target = device.device();
  return device.api().clBuildProgram(program, 1, &target, options.c_str(), nullptr, nullptr);
}

Owner<Program> loadBinary(const DeviceContext& device, const Binary& binary, const std::string& buildOptions) {
  const Api& api = device.api();
  Device* const target = device.device();
  const std::size_t bytes = binary.size();
  const unsigned char* data = binary.data();
  Int accepted = kSuccess;
  Int status = kSuccess;
  Owner<Program> program{api.clCreateProgramWithBinary(device.context(), 1, &target, &bytes, &data, &accepted, &status),
                         {api.clReleaseProgram}};
  if (status != kSuccess || accepted != kSuccess || !program || build(device, program.get(), buildOptions) != kSuccess) {
    return {nullptr, {api.clReleaseProgram}};
  }
  return program;
}

Owner<Program> buildSource(const DeviceContext& device, const ProgramOptions& options) {
  const Api& api = device.api();
  const std::string source = readSource(options.source);
  const char* text = source.c_str();
  const std::size_t length = source.size();
  Int status = kSuccess;
  Owner<Program> program{api.clCreateProgramWithSource(device.context(), 1, &text, &length, &status), {api.clReleaseProgram}};
  check(status, "clCreateProgramWithSource");
  status = build(device, program.get(), options.buildOptions);
  if (status == kSuccess) return program;
  throw Failure("opencl-build", "the OpenCL program does not compile: clBuildProgram failed: " + nameOf(status) + "\n" +
                                    buildLog(device, program.get()));
}

/** Empty where the driver gives none. */
Binary binaryOf(const DeviceContext& device, Program* program) {
  const Api& api = device.api();
  std::size_t bytes = 0;
  if (api.clGetProgramInfo(program, kProgramBinarySizes, sizeof(bytes), &bytes, nullptr) != kSuccess) return {};
  Binary binary(bytes);
  unsigned char* data = binary.data();
  if (bytes == 0 || api.clGetProgramInfo(program, kProgramBinaries, sizeof(data), &data, nullptr) != kSuccess) return {};
  return binary;
}

}  // namespace

Owner<Program> buildProgram(const DeviceContext& device, const ProgramOptions& options) {
  if (const auto kept = readKept(options)) {
    Owner<Program> program = loadBinary(device, *kept, options.buildOptions);
    if (program) return program;
  }
  Owner<Program> program = buildSource(device, options);
  if (!options.binary.empty()) {
    const Binary binary = binaryOf(device, program.get());
    if (!binary.empty()) keep(options, binary);
  }
  return program;
}

}  // namespace onbox::cl
