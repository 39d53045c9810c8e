import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load-config.ts';
import { root } from '../../testing/tools/tools.ts';

const text = readFileSync(path.join(root, 'deploy/systemd/market-feed.service'), 'utf8');

/** The values of a setting, in order. */
const values = (name: string): string[] =>
  [...text.matchAll(new RegExp(`^${name}=(.*)$`, 'gm'))].map(([, value = '']) => value);

describe('deploy/systemd/market-feed.service', () => {
  it('restarts the feed after a failure, but not if another writer has taken over or the configuration is wrong', () => {
    expect(values('Restart')).toEqual(['on-failure']);
    expect(values('RestartPreventExitStatus')).toEqual(['2 3']);
  });

  it('gives a stop more time than the feed needs', () => {
    expect(Number(values('TimeoutStopSec')[0])).toBeGreaterThan(5);
  });

  it('configures folders below its state folder, the only one that the feed may write to', () => {
    const environment = Object.fromEntries(
      values('Environment')
        .flatMap((all) => all.split(' '))
        .map((one) => one.split('=')),
    );
    const { file, spill } = loadConfig({ file: path.join(root, 'config/market-feed.yaml'), environment });
    const state = `/var/lib/${values('StateDirectory')[0]}/`;
    for (const { dir } of [file, spill]) expect(dir.startsWith(state)).toBe(true);
    expect(values('ProtectSystem')).toEqual(['strict']);
  });

  it('runs without root and capabilities, and lets Node.js make machine code', () => {
    expect(values('DynamicUser')).toEqual(['yes']);
    expect(values('CapabilityBoundingSet')).toEqual(['']);
    expect(values('MemoryDenyWriteExecute')).toEqual([]);
  });
});

describe('systemd-analyze', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'market-feed-systemd-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** Runs systemd-analyze with a unit that names an installed program. Returns its complaints. */
  function analyze(unit: string, ...args: readonly string[]): string {
    const file = path.join(folder, 'market-feed.service');
    writeFileSync(file, unit.replace('/usr/local/bin/market-feed', process.execPath));
    const { error, status, stdout, stderr } = spawnSync('systemd-analyze', [...args, file], { encoding: 'utf8' });
    if (error !== undefined)
      throw new Error('systemd-analyze is missing: install systemd 250 or newer', { cause: error });
    return status === 0 ? stderr : `${status} ${stderr}${stdout}`;
  }

  it('verifies the unit, and finds a misspelled setting', () => {
    expect(analyze(text, 'verify')).toBe('');
    expect(analyze(text.replace('ProtectHome=', 'ProtectHomes='), 'verify')).toContain('ProtectHomes');
  });

  it('rates the exposure of the unit as 2 of 10 at most, and finds missing protection', () => {
    const security = ['security', '--offline=true', '--threshold=20'];
    expect(analyze(text, ...security)).toBe('');
    expect(analyze(text.replaceAll(/^(Protect|Private|Restrict).*$/gm, ''), ...security)).not.toBe('');
  });
});
