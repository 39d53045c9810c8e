import { spawn, spawnSync } from 'node:child_process';
import { text } from 'node:stream/consumers';

/** What promtool says. Rejects with that where it finds fault. */
export async function askProm(args: readonly string[], input = ''): Promise<string> {
  const child = spawn('promtool', args, { stdio: ['pipe', 'pipe', 'pipe'] });
  child.stdin.end(input);
  const exited = new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve));
  const [out, errors, code] = await Promise.all([text(child.stdout), text(child.stderr), exited]);
  if (code !== 0) throw new Error(`promtool ${args.join(' ')}: ${out}${errors}`);
  return out + errors;
}

/** It comes with Prometheus: Debian's package prometheus, or `go install github.com/prometheus/prometheus/cmd/promtool`. */
askProm.missing = spawnSync('promtool', ['--version']).error !== undefined;
