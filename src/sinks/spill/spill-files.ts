import { type FileHandle, mkdir, open, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The folder of one spill: all that it asks of a file system, so that a test can have one that fails. */
export interface SpillFiles {
  /** Makes the folder where there is none; what is in it. */
  list(): Promise<readonly { readonly name: string; readonly bytes: number }[]>;
  /** Writes all of the bytes at `position`; makes the file where there is none. */
  write(name: string, position: number, bytes: Uint8Array): Promise<void>;
  /** Fills `into` from `position` on; how many bytes there were. */
  read(name: string, position: number, into: Uint8Array): Promise<number>;
  truncate(name: string, bytes: number): Promise<void>;
  /** Puts the file on the disk, so that not even a loss of power takes it. */
  sync(name: string): Promise<void>;
  /** The whole file at once: the old text or the new. */
  replace(name: string, text: string): Promise<void>;
  /** Nothing where there is no such file. */
  remove(name: string): Promise<void>;
  /** Lets go of what is open. */
  release(name?: string): Promise<void>;
}

export function spillFiles(dir: string): SpillFiles {
  return new FolderFiles(dir);
}

class FolderFiles implements SpillFiles {
  readonly #dir: string;
  readonly #handles = new Map<string, FileHandle>();

  constructor(dir: string) {
    this.#dir = dir;
  }

  async list(): Promise<readonly { readonly name: string; readonly bytes: number }[]> {
    const names = await readdir(this.#dir).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw error;
    });
    names.sort();
    return Promise.all(names.map(async (name) => ({ name, bytes: (await stat(join(this.#dir, name))).size })));
  }

  async write(name: string, position: number, bytes: Uint8Array): Promise<void> {
    const handle = await this.#handle(name, true);
    let done = 0;
    while (done < bytes.length) {
      done += (await handle.write(bytes, done, bytes.length - done, position + done)).bytesWritten;
    }
  }

  async read(name: string, position: number, into: Uint8Array): Promise<number> {
    const handle = await this.#handle(name, false);
    let done = 0;
    while (done < into.length) {
      const { bytesRead } = await handle.read(into, done, into.length - done, position + done);
      if (bytesRead === 0) break;
      done += bytesRead;
    }
    return done;
  }

  async truncate(name: string, bytes: number): Promise<void> {
    await (await this.#handle(name, false)).truncate(bytes);
  }

  async sync(name: string): Promise<void> {
    await (await this.#handle(name, false)).sync();
  }

  async replace(name: string, text: string): Promise<void> {
    const path = join(this.#dir, name);
    await mkdir(this.#dir, { recursive: true });
    await writeFile(`${path}.new`, text);
    await rename(`${path}.new`, path);
  }

  async remove(name: string): Promise<void> {
    await this.release(name);
    await rm(join(this.#dir, name), { force: true });
  }

  async release(name?: string): Promise<void> {
    for (const [known, handle] of [...this.#handles]) {
      if (name !== undefined && known !== name) continue;
      this.#handles.delete(known);
      await handle.close();
    }
  }

  async #handle(name: string, make: boolean): Promise<FileHandle> {
    let handle = this.#handles.get(name);
    if (handle === undefined) {
      const path = join(this.#dir, name);
      if (make) await mkdir(this.#dir, { recursive: true });
      handle = await open(path, 'r+').catch((error: NodeJS.ErrnoException) => {
        if (make && error.code === 'ENOENT') return open(path, 'wx+');
        throw error;
      });
      this.#handles.set(name, handle);
    }
    return handle;
  }
}
