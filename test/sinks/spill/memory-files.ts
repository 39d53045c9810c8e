import type { SpillFiles } from '../../../src/sinks/spill/spill-files.ts';

const fault = (code: string): Error => Object.assign(new Error(`${code}: by the test`), { code });

/** A folder in memory: a copy of it is what a killed process leaves, and it can be full. */
export class MemoryFiles implements SpillFiles {
  readonly files: Map<string, Buffer>;
  /** Writes fail after some of the bytes, as ENOSPC does. */
  full = false;
  /** A file that cannot be read. */
  unreadable: string | undefined;

  constructor(files: ReadonlyMap<string, Buffer> = new Map()) {
    this.files = new Map([...files].map(([name, bytes]) => [name, Buffer.from(bytes)]));
  }

  async list(): Promise<readonly { readonly name: string; readonly bytes: number }[]> {
    return [...this.files].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, { length }]) => ({ name, bytes: length }));
  }

  async write(name: string, position: number, bytes: Uint8Array): Promise<void> {
    const before = this.files.get(name) ?? Buffer.alloc(0);
    const part = this.full ? bytes.subarray(0, bytes.length / 2) : bytes;
    const after = Buffer.alloc(Math.max(before.length, position + part.length));
    before.copy(after);
    after.set(part, position);
    this.files.set(name, after);
    if (this.full) throw fault('ENOSPC');
  }

  async read(name: string, position: number, into: Uint8Array): Promise<number> {
    const bytes = this.files.get(name);
    if (bytes === undefined) throw fault('ENOENT');
    if (name === this.unreadable) throw fault('EIO');
    const part = bytes.subarray(position, position + into.length);
    into.set(part);
    return part.length;
  }

  async truncate(name: string, bytes: number): Promise<void> {
    this.files.set(name, Buffer.from((this.files.get(name) ?? Buffer.alloc(0)).subarray(0, bytes)));
  }

  async sync(): Promise<void> {}

  async replace(name: string, text: string): Promise<void> {
    if (this.full) throw fault('ENOSPC');
    this.files.set(name, Buffer.from(text));
  }

  async remove(name: string): Promise<void> {
    this.files.delete(name);
  }

  async release(): Promise<void> {}
}
