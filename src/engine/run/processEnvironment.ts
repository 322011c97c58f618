/** What a process that we start is given of our environment: an allow-list. Starts nothing. */

/** Everything else stays behind: tokens, and ways into Node. The last ones are for Python that it starts. */
const PASSED_ON =
  /^(PATH|HOME|USER|LOGNAME|LANG|LC_\w+|TZ|TMPDIR|TEMP|TMP|XDG_\w+|DISPLAY|WAYLAND_DISPLAY|XAUTHORITY|MESA_\w+|LIBGL_\w+|VK_\w+|CUDA_\w+|NVIDIA_\w+|OMP_\w+|ORT_\w+|LD_LIBRARY_PATH|DYLD_LIBRARY_PATH|WEIGHTROOM_\w+|SYSTEMROOT|WINDIR|APPDATA|LOCALAPPDATA|USERPROFILE|PATHEXT|MKL_\w+|TT_\w+|ARCH_NAME|VIRTUAL_ENV|CONDA_PREFIX)$/i;

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
  ...Object.fromEntries(Object.entries(env).filter(([name]) => PASSED_ON.test(name))),
  ...(process.platform === 'linux' ? MALLOC_KEEPS_PAGES : {}),
  ELECTRON_RUN_AS_NODE: '1',
});
