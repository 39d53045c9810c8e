import { describe, expect, it, vi } from 'vitest';
import { runStep } from '../../bench/peers/peer.ts';
import { isPeer, PROGRAMS } from '../../bench/programs.ts';

describe('the programs of the benchmark', () => {
  it('are peers, except the script and our own pipelines', () => {
    const ours = ['script', 'kafkajs-1', 'kafkajs-2', 'platformatic-1', 'platformatic-2'];
    expect(PROGRAMS.filter((name) => !isPeer(name))).toEqual(ours);
    expect(PROGRAMS.filter(isPeer)).toEqual(['go', 'tardis', 'ccxt', 'cryptofeed']);
  });
});

describe('runStep', () => {
  it('names a missing command', async () => {
    await expect(runStep('it fails', 'no-such-command', [])).rejects.toThrow('no-such-command is not installed');
  });

  it('prints why a command failed, and leaves folders out of its error', async () => {
    const printed = vi.spyOn(console, 'error').mockReturnValue();
    const fails = ['-e', 'console.error("cannot read /here"); process.exit(1)'];
    await expect(runStep('it cannot be installed', process.execPath, fails)).rejects.toThrow(
      /^it cannot be installed$/,
    );
    expect(printed.mock.calls.flat().join()).toContain('cannot read /here');
    printed.mockRestore();
  });
});
