import type { Reporter, SerializedError, TestModule, Vitest } from 'vitest/node';

/** Longest time without the end of a test, milliseconds. Every single test and hook takes less. */
const SILENCE_MS = 180_000;

/**
 * Counts a test run. Each file or suite that fails outside its tests counts as one failure, and so does each error
 * outside any file.
 */
export class Totals implements Reporter {
  passed = 0;
  readonly failures: string[] = [];
  readonly skips: string[] = [];

  readonly #running = new Set<TestModule>();
  readonly #onStuck: () => void;
  #vitest: Vitest | undefined;
  #alarm: NodeJS.Timeout | undefined;

  /**
   * @param onStuck called when no test has ended for three minutes, because one loops forever. The counts are then
   * complete.
   */
  constructor(onStuck: () => void) {
    this.#onStuck = onStuck;
  }

  onInit(vitest: Vitest): void {
    this.#vitest = vitest;
  }

  onTestModuleStart(module: TestModule): void {
    this.#running.add(module);
    this.#expectMore();
  }

  onTestCaseResult(): void {
    this.#expectMore();
  }

  onTestModuleEnd(module: TestModule): void {
    this.#running.delete(module);
    this.#expectMore();
  }

  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    clearTimeout(this.#alarm);
    for (const module of modules) {
      const file = module.relativeModuleId;
      if (module.errors().length > 0) this.failures.push(file);
      for (const suite of module.children.allSuites()) {
        if (suite.errors().length > 0) this.failures.push(`${file} > ${suite.fullName}`);
      }
      for (const test of module.children.allTests()) {
        const name = `${file} > ${test.fullName}`;
        const result = test.result();
        if (result.state === 'passed') this.passed += 1;
        else if (result.state === 'skipped') this.skips.push(result.note ? `${name} (${result.note})` : name);
        else if (result.state === 'failed') this.failures.push(name);
        else this.failures.push(`${name} (did not end)`);
      }
    }
    for (const error of unhandled) this.failures.push(`outside any test: ${error.message}`);
    if (modules.length === 0) this.failures.push('no test file was found');
  }

  #expectMore(): void {
    clearTimeout(this.#alarm);
    this.#alarm = setTimeout(() => {
      this.onTestRunEnd(this.#vitest?.state.getTestModules() ?? [], []);
      for (const module of this.#running) this.failures.push(`${module.relativeModuleId} (stuck)`);
      this.#onStuck();
    }, SILENCE_MS);
  }
}
