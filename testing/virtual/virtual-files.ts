import type { SpillFiles } from '../../src/sinks/spill/spill-files.ts';
import type { MemoryFiles } from '../../test/sinks/spill/memory-files.ts';
import type { VirtualProcess } from './virtual-process.ts';
import type { VirtualWorld } from './virtual-world.ts';

const MOST_MS = 8;

/** The folder of a process's spill on a disk that takes its time. What a killed one asked for last happens all the same. */
export class VirtualFiles implements SpillFiles {
  readonly #world: VirtualWorld;
  readonly #process: VirtualProcess;
  readonly #disk: MemoryFiles;

  constructor(world: VirtualWorld, process: VirtualProcess, disk: MemoryFiles) {
    this.#world = world;
    this.#process = process;
    this.#disk = disk;
  }

  list() {
    return this.#after(() => this.#disk.list());
  }

  write(name: string, position: number, bytes: Uint8Array): Promise<void> {
    return this.#after(() => this.#disk.write(name, position, bytes));
  }

  read(name: string, position: number, into: Uint8Array): Promise<number> {
    return this.#after(() => this.#disk.read(name, position, into));
  }

  truncate(name: string, bytes: number): Promise<void> {
    return this.#after(() => this.#disk.truncate(name, bytes));
  }

  sync(): Promise<void> {
    return this.#after(() => this.#disk.sync());
  }

  replace(name: string, text: string): Promise<void> {
    return this.#after(() => this.#disk.replace(name, text));
  }

  remove(name: string): Promise<void> {
    return this.#after(() => this.#disk.remove(name));
  }

  release(): Promise<void> {
    return this.#after(() => this.#disk.release());
  }

  #after<T>(act: () => Promise<T>): Promise<T> {
    if (!this.#process.isAlive) return this.#process.alive(new Promise(() => {}));
    return this.#process.alive(this.#world.wait(this.#world.random.below(MOST_MS)).then(act));
  }
}
