/** What a process that we start is given of our environment: an allow-list. Starts nothing. */

/** What every program needs, and where drivers and libraries of devices are. */
const FOR_ALL =
  'PATH|HOME|USER|LANG|LC_\\w+|TZ|TMPDIR|TEMP|TMP|LD_LIBRARY_PATH|DYLD_LIBRARY_PATH|SYSTEMROOT|WINDIR|PATHEXT|' +
  'CUDA_\\w+|HIP_\\w+|HSA_\\w+|ROCM_\\w+|ROCR_\\w+|PYTORCH_\\w+|OMP_\\w+|MKL_\\w+|TT_\\w+|ARCH_NAME|VIRTUAL_ENV|CONDA_PREFIX';

const FOR_OURS =
  'LOGNAME|XDG_\\w+|DISPLAY|WAYLAND_DISPLAY|XAUTHORITY|MESA_\\w+|LIBGL_\\w+|VK_\\w+|NVIDIA_\\w+|ORT_\\w+|WEIGHTROOM_\\w+|APPDATA|LOCALAPPDATA|USERPROFILE';

/** Everything else stays behind: tokens, and what runs code when a program starts. */
const only =
  (...lists: readonly string[]) =>
  (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv => {
    const named = new RegExp(`^(${lists.join('|')})$`, 'i');
    return Object.fromEntries(Object.entries(env).filter(([name]) => named.test(name)));
  };

/** For Python that the user chose. */
export const pythonEnvironment = only(FOR_ALL);

const ownEnvironment = only(FOR_ALL, FOR_OURS);

/**
 * glibc returns large blocks to the system at once; asked not to, it keeps the pages of fetched
 * outputs, which are then copied at 2.7 instead of 1 GB/s. Huge pages save a tenth of a step's CPU
 * time. The limits take effect from the start of a process only.
 */
export const MALLOC_KEEPS_PAGES = {
  GLIBC_TUNABLES: [
    'glibc.malloc.mmap_threshold=4294967296',
    'glibc.malloc.trim_threshold=8589934592',
    'glibc.malloc.hugetlb=1',
  ].join(':'),
};

/** For a process of ours; an editor's binary then acts as Node. */
export const processEnvironment = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv => ({
  ...ownEnvironment(env),
  ...(process.platform === 'linux' ? MALLOC_KEEPS_PAGES : {}),
  ELECTRON_RUN_AS_NODE: '1',
});
