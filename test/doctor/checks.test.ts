// The checks of onbox doctor that every machine has, against machines that are healthy, and ill in each way that they know.

import { boardCheck } from '../../daemon/doctor/board.js';
import { compilerCheck } from '../../daemon/doctor/compiler.js';
import { diskCheck } from '../../daemon/doctor/disk.js';
import { memoryCheck } from '../../daemon/doctor/memory.js';
import { nodeCheck } from '../../daemon/doctor/node.js';
import { serviceCheck } from '../../daemon/doctor/service.js';
import { governorCheck, temperatureCheck, threadsCheck } from '../../daemon/doctor/speed.js';
import { timeCheck } from '../../daemon/doctor/time.js';
import { type Case, type FakeFiles, fails, meminfo, requireTold, rk3399pro, rk3588, says } from './machine.js';

const group = '/sys/fs/cgroup/system.slice/onbox.service';
const policy = '/sys/devices/system/cpu/cpufreq/policy4';
const booted: FakeFiles = { '/run/systemd/system/x': '' };
const unit: FakeFiles = { ...booted, '/etc/systemd/system/onbox.service': '' };

const cases: readonly Case[] = [
  [
    'a board is named by its device tree',
    boardCheck,
    rk3588,
    'ok',
    /^Radxa ROCK 5B \(rk3588\), arm64, Linux 5\.10\.160-rockchip$/,
  ],
  ['an RK3399Pro is no RK3399', boardCheck, rk3399pro, 'ok', /\(rk3399pro\)/],
  [
    'a PC is named by its firmware',
    boardCheck,
    { '/sys/class/dmi/id/product_name': 'Box 1\n' },
    'ok',
    /^Box 1, x64/,
    { arch: 'x64' },
  ],
  ['an Arm machine without a device tree is told', boardCheck, {}, 'note', /device tree/],
  ['Node that is too old', nodeCheck, {}, 'problem', /20\.19 or newer/, { nodeVersion: '18.20.4' }],
  ['an addon that cannot be loaded', nodeCheck, {}, 'problem', /wrong ELF class/, { cpu: fails('wrong ELF class') }],
  ['a Node that fits', nodeCheck, {}, 'ok', /8 cores, neon/],
  ['no compiler', compilerCheck, {}, 'problem', /apt-get install -y gcc libc6-dev/, { environment: { PATH: '' } }],
  ['a compiler that does not run', compilerCheck, {}, 'problem', /cannot be run/],
  [
    'a compiler without headers',
    compilerCheck,
    {},
    'problem',
    /libc6-dev/,
    { run: async (_, flag) => (flag === '--version' ? 'cc (Debian 12.2.0-14) 12.2.0' : undefined) },
  ],
  ['a compiler of old', compilerCheck, {}, 'warning', /clang/, { run: says('gcc (Ubuntu 7.5.0-3ubuntu1) 7.5.0') }],
  ['a compiler that works', compilerCheck, {}, 'ok', /^cc \(Debian/, { run: says('cc (Debian 12.2.0-14) 12.2.0') }],
  [
    'memory for everything',
    memoryCheck,
    meminfo({ MemTotal: 3900000, MemAvailable: 3000000, SwapTotal: 0 }),
    'ok',
    /2\.9 GiB of 3\.7 GiB available, no swap/,
  ],
  ['too little memory to compile', memoryCheck, meminfo({ MemTotal: 980000, MemAvailable: 400000 }), 'warning', /zram/],
  ['too little memory to serve', memoryCheck, meminfo({ MemTotal: 980000, MemAvailable: 100000 }), 'problem', /250 MiB/],
  [
    'compressed swap counts',
    memoryCheck,
    meminfo({ MemTotal: 980000, MemAvailable: 400000, SwapTotal: 500000, SwapFree: 500000 }),
    'ok',
    /swap$/,
  ],
  [
    'processes that were killed for want of memory',
    memoryCheck,
    { [`${group}/memory.events`]: 'oom 3\noom_kill 2\n', [`${group}/memory.max`]: '1073741824\n' },
    'warning',
    /killed 2 processes.*limit of 1\.0 GiB.*MemoryMax/,
  ],
  ['a home on a healthy disk', diskCheck, { '/var/lib/onbox/key': '' }, 'ok', /free under \/var\/lib\/onbox/],
  [
    'a disk that has become read-only',
    diskCheck,
    { '/var/lib/onbox/key': '', '/proc/mounts': '/dev/mmcblk0p1 / ext4 ro,relatime 0 0\n' },
    'problem',
    /\/ is mounted read-only.*SD cards/,
  ],
  ['a clock that is right', timeCheck, { '/etc/machine-id': 'x' }, 'ok', /Z$/],
  [
    'a clock before the files of the machine',
    timeCheck,
    { '/etc/machine-id': 'x' },
    'problem',
    /1970-01-01T00:00:09Z.*set-ntp/,
    { now: new Date(9000) },
  ],
  ['a board without a clock that keeps time', timeCheck, booted, 'warning', /set-ntp/],
  ['a clock that is synchronised', timeCheck, { ...booted, '/run/systemd/timesync/synchronized': '' }, 'ok', /Z$/],
  [
    'clocks that follow the load',
    governorCheck,
    { [`${policy}/scaling_governor`]: 'schedutil\n', [`${policy}/related_cpus`]: '4 5\n' },
    'ok',
    /^cores 4,5: schedutil$/,
  ],
  [
    'clocks that stay low',
    governorCheck,
    { [`${policy}/scaling_governor`]: 'powersave\n', [`${policy}/related_cpus`]: '4 5\n' },
    'warning',
    /cores 4,5: powersave.*echo performance \| sudo tee \/sys.*policy4/,
  ],
  [
    'a GPU whose clock stays low',
    governorCheck,
    { '/sys/class/devfreq/fb000000.gpu/governor': 'powersave\n' },
    'warning',
    /GPU: powersave/,
  ],
  [
    'a GPU whose clock comes late',
    governorCheck,
    { '/sys/class/devfreq/ff9a0000.gpu/governor': 'simple_ondemand\n' },
    'note',
    /before the clock has risen/,
  ],
  ['no clocks to be seen', governorCheck, {}, 'ok', /virtual machine/],
  [
    'a cool chip',
    temperatureCheck,
    { '/sys/class/thermal/thermal_zone0/temp': '45500\n', '/sys/class/thermal/thermal_zone0/type': 'soc-thermal\n' },
    'ok',
    /^soc-thermal at 46 °C$/,
  ],
  ['a hot chip', temperatureCheck, { '/sys/class/thermal/thermal_zone0/temp': '84000\n' }, 'warning', /heat sink/],
  [
    'a chip that is slowed by heat',
    temperatureCheck,
    {
      '/sys/class/thermal/thermal_zone0/temp': '70000\n',
      '/sys/class/thermal/cooling_device1/type': 'cpufreq-cpu4\n',
      '/sys/class/thermal/cooling_device1/cur_state': '3\n',
    },
    'warning',
    /because of heat: cpufreq-cpu4/,
  ],
  [
    'a fan that turns is no slowing',
    temperatureCheck,
    {
      '/sys/class/thermal/thermal_zone0/temp': '70000\n',
      '/sys/class/thermal/cooling_device1/type': 'pwm-fan\n',
      '/sys/class/thermal/cooling_device1/cur_state': '3\n',
    },
    'ok',
    /70 °C/,
  ],
  ['all cores may be used', threadsCheck, { '/proc/self/status': 'Cpus_allowed_list:\t0-7\n' }, 'ok', /4,5,6,7 of 8/],
  [
    'a shell that is kept off the fast cores',
    threadsCheck,
    { '/proc/self/status': 'Cpus_allowed_list:\t0-3\n' },
    'warning',
    /this shell.*fastest cores are 4,5,6,7/,
  ],
  [
    'a service that is kept off the fast cores',
    threadsCheck,
    { [`${group}/cpuset.cpus.effective`]: '0-5\n' },
    'warning',
    /the service.*AllowedCPUs/,
  ],
  [
    'a service with a share of the processors',
    threadsCheck,
    { [`${group}/cpu.max`]: '200000 100000\n' },
    'warning',
    /2\.0 of 8 processors.*CPUQuota/,
  ],
  ['a service without a limit', threadsCheck, { [`${group}/cpu.max`]: 'max 100000\n' }, 'ok', /of 8/],
  ['no systemd', serviceCheck, {}, 'ok', /no systemd/],
  ['no service', serviceCheck, booted, 'note', /onbox service install/],
  [
    'a service that runs',
    serviceCheck,
    unit,
    'ok',
    /active \(running\)/,
    { run: says('ActiveState=active\nSubState=running\nNRestarts=0\nUnitFileState=enabled\n') },
  ],
  [
    'a service that failed',
    serviceCheck,
    unit,
    'problem',
    /ended with watchdog.*journalctl/,
    { run: says('ActiveState=failed\nSubState=failed\nResult=watchdog\n') },
  ],
  [
    'a service that was started again and again',
    serviceCheck,
    unit,
    'warning',
    /started again 9 times/,
    { run: says('ActiveState=active\nSubState=running\nNRestarts=9\n') },
  ],
  [
    'a service that does not start with the machine',
    serviceCheck,
    unit,
    'note',
    /systemctl enable onbox/,
    { run: says('ActiveState=active\nSubState=running\nUnitFileState=disabled\n') },
  ],
];

test.each(cases.map((each) => [each[0], each] as const))('%s', async (_, each) => await requireTold(each));
