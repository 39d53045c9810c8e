import { parseArgs } from 'node:util';
import { type Command, type CommandContext, didYouMean, type OptionSpec, OptionValues, UsageError } from './command.ts';

type Parsed = Pick<CommandContext, 'options' | 'arguments'>;

/** Parses the options and words of a command line for a command. @throws UsageError */
export function parseArguments(command: Command, argv: readonly string[]): Parsed {
  // An option whose value is optional is declared as boolean. Then `parseArgs` leaves the next words to the loop below.
  const typeOf = ({ value, isOptional }: OptionSpec) =>
    ({ type: value === undefined || isOptional === true ? 'boolean' : 'string' }) as const;
  const options = Object.fromEntries(Object.entries(command.options).map(([name, spec]) => [name, typeOf(spec)]));
  const { tokens } = parseArgs({ args: [...argv], options, strict: false, allowPositionals: true, tokens: true });
  const values = new Map<string, string[]>();
  const words: string[] = [];
  /** The list option that gets the next words. */
  let open: string[] | undefined;
  for (const token of tokens) {
    if (token.kind === 'positional') (open ?? words).push(...(open === undefined ? [token.value] : split(token.value)));
    else {
      open = undefined;
      if (token.kind === 'option') open = takeOption(command, token, values);
    }
  }
  const max = command.maxArguments ?? 0;
  if (words.length > max) throw new UsageError(`unexpected "${words[max]}": usage: market-feed ${command.usage}`);
  return { options: new OptionValues(values), arguments: words };
}

interface OptionToken {
  readonly name: string;
  readonly rawName: string;
  readonly value: string | undefined;
  readonly inlineValue: boolean | undefined;
}

function takeOption(
  { options }: Command,
  { name, rawName, value, inlineValue }: OptionToken,
  values: Map<string, string[]>,
): string[] | undefined {
  const spec = Object.hasOwn(options, name) ? options[name] : undefined;
  if (spec === undefined || !rawName.startsWith('--')) {
    const names = Object.keys(options).map((one) => `--${one}`);
    const allowed = names.join(', ') || 'no options';
    throw new UsageError(`unknown option ${rawName}, allowed: ${allowed}${didYouMean(rawName, names)}`);
  }
  if (spec.value === undefined) {
    if (inlineValue === true) throw new UsageError(`--${name} takes no value, found "${value}"`);
    values.set(name, []);
    return undefined;
  }
  if (spec.isOptional === true) {
    const given = value === undefined ? [] : [value];
    values.set(name, given);
    return value === undefined ? given : undefined;
  }
  const looksLikeOption = inlineValue !== true && value !== undefined && /^-(?!\d|$)/.test(value);
  if (value === undefined || value === '' || looksLikeOption)
    throw new UsageError(`--${name} needs a value: --${name} ${spec.value}`);
  const list = spec.many === 'list' ? [...(values.get(name) ?? []), ...split(value)] : undefined;
  values.set(name, list ?? [value]);
  return list;
}

function split(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}
