import type { CommandContext, Output } from '../../src/cli/arguments/command.ts';

export interface FakeOutput extends Output {
  text(): string;
}

export function fakeOutput(isTerminal = false, size = { columns: 80, rows: 24 }): FakeOutput {
  let text = '';
  return {
    isTerminal,
    size: () => size,
    write: async (more) => {
      text += more;
    },
    text: () => text,
  };
}

/** The dependencies of `dispatch`. Everything that it writes is kept. */
export function fakeIo(
  environment: CommandContext['environment'] = {},
): Omit<CommandContext, 'options' | 'arguments'> & { readonly out: FakeOutput; readonly err: FakeOutput } {
  return { environment, out: fakeOutput(), err: fakeOutput(), signal: new AbortController().signal };
}
