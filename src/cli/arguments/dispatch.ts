import { ConfigError } from '../../config/problem.ts';
import { COMMANDS } from '../commands.ts';
import { type Command, type CommandContext, didYouMean, problemRow } from './command.ts';
import { exitCodeOf } from './exit-code.ts';
import { packageVersion } from './package-version.ts';
import { parseArguments } from './parse-arguments.ts';

/** Runs one command line (without node and script) and returns the exit code. Errors go to `err`, help to `out`. */
export async function dispatch(
  argv: readonly string[],
  io: Omit<CommandContext, 'options' | 'arguments'>,
): Promise<number> {
  const [first, ...rest] = argv;
  const say = async (text: string) => {
    await io.out.write(text);
    return 0;
  };
  const refuse = async (messages: readonly string[], code: number) => {
    await io.err.write(messages.map(problemRow).join(''));
    return code;
  };
  if (first === undefined) {
    await io.err.write(overview());
    return 2;
  }
  if (first === '--version' || first === '-v' || first === '-V') return say(`${packageVersion()}\n`);
  if (first === '--help' || first === '-h') return say(overview());
  if (first === 'help') return rest[0] === undefined ? say(overview()) : dispatch([rest[0], '--help'], io);

  const entry = Object.hasOwn(COMMANDS, first) ? COMMANDS[first] : undefined;
  if (entry === undefined) {
    const kind = first.startsWith('-') ? 'option' : 'command';
    const names = Object.keys(COMMANDS);
    return refuse([`unknown ${kind} ${first}, allowed: ${names.join(', ')}${didYouMean(first, names)}`], 2);
  }
  const { command } = await entry.load();
  if (rest.includes('--help') || rest.includes('-h')) return say(helpOf(first, command, entry.summary));
  try {
    return await command.run({ ...io, ...parseArguments(command, rest) });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    // A ConfigError has one line for each problem.
    const messages = error instanceof ConfigError ? message.split('\n') : [`${first}: ${message}`];
    return refuse(messages, exitCodeOf(error));
  }
}

function overview(): string {
  const lines = Object.entries(COMMANDS).map(([name, { summary }]) => `  ${name.padEnd(10)} ${summary}`);
  return [
    'Exchange market data as typed, exact Avro records: no trade lost in silence, none twice.',
    '',
    'usage: market-feed <command> [options]',
    '',
    ...lines,
    '',
    'market-feed <command> --help shows its options. Exit codes: 0 done, 1 failed, 2 wrong usage or configuration,',
    '3 another writer has taken over.',
    '',
  ].join('\n');
}

function helpOf(name: string, { usage, about, options }: Command, summary: string): string {
  const all: Command['options'] = { ...options, help: { help: 'this text' } };
  const rows = Object.entries(all).map(
    ([option, { value = '', help }]) => [`--${option} ${value}`.trim(), help] as const,
  );
  const width = Math.max(...rows.map(([left]) => left.length));
  return [
    `market-feed ${name}: ${summary}`,
    '',
    `usage: market-feed ${usage}`,
    '',
    ...(about === undefined ? [] : [about, '']),
    ...rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`),
    '',
  ].join('\n');
}
