# Builds addon/build/Release/native.node, which package.json names "#native". Run by daemon/setup/build.js.
{
  'targets': [
    {
      'target_name': 'native',
      'sources': [
        'src/addon.cc',
        'src/bindings/arguments.cc',
        'src/bindings/opencl_binding.cc',
        'src/bindings/run_worker.cc',
        'src/bindings/session_binding.cc',
        'src/cpu/arena.cc',
        'src/cpu/inputs.cc',
        'src/cpu/mapped_file.cc',
        'src/cpu/session.cc',
        'src/cpu/shared_object.cc',
        'src/cpu/thread_pool.cc',
        'src/opencl/check.cc',
        'src/opencl/device_context.cc',
        'src/opencl/devices.cc',
        'src/opencl/library.cc',
        'src/opencl/program.cc',
        'src/opencl/session.cc',
        'src/opencl/transfer.cc',
      ],
      'include_dirs': ['include', 'src'],
      'defines': ['NAPI_VERSION=9', 'NAPI_CPP_EXCEPTIONS', 'NODE_ADDON_API_DISABLE_DEPRECATED'],
      'cflags': ['-Wall', '-Wextra', '-Werror', '-fvisibility=hidden'],
      'cflags_cc!': ['-fno-exceptions', '-fno-rtti', '-std=gnu++17', '-std=gnu++20'],
      # System headers, so that our warnings are not theirs.
      'cflags_cc': [
        '-std=c++20',
        '-fexceptions',
        '-isystem',
        '<!(node -p "require(\'path\').resolve(require(\'node-addon-api\').include_dir)")',
      ],
      'libraries': ['-ldl', '-pthread'],
    },
  ],
}
