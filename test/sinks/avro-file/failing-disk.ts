import type { FileHandle } from 'node:fs/promises';

/**
 * The disk under every file that `openOnDisk` opens. While it is `full`, writes fail with ENOSPC after some of the
 * bytes.
 */
export const disk = {
  full: false,
  /** Bytes that a failing write still puts on the disk. */
  partialBytes: 17,
};

type Open = (...args: Parameters<typeof import('node:fs/promises').open>) => Promise<FileHandle>;

/** Replaces `open` of node:fs/promises. */
export function openOnDisk(realOpen: Open): Open {
  return async (...args) => {
    const handle = await realOpen(...args);
    const write = handle.write.bind(handle) as (
      bytes: Uint8Array,
      offset: number,
      length: number,
      position: number,
    ) => Promise<{ bytesWritten: number }>;
    const failing: typeof write = async (bytes, offset, length, position) => {
      if (!disk.full) return write(bytes, offset, length, position);
      await write(bytes, offset, Math.min(length, disk.partialBytes), position);
      throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
    };
    Object.assign(handle, { write: failing });
    return handle;
  };
}
