import { type Environment, testDataOf } from '../feed/environment.ts';
import { environment, rows } from '../feed/feed-state.ts';

const WORDS: Readonly<Record<Exclude<Environment, 'production'>, string>> = {
  simulated: 'Simulated data. These are not market prices.',
  testnet: 'Testnet data. These are not market prices.',
  replay: 'Replay of recorded data. These are not present prices.',
};

/** Says that the page shows test data. */
export function EnvironmentBanner() {
  const name = environment.value;
  if (name === undefined || name === 'production') return null;
  const coins = testDataOf(rows.value.map((row) => ({ coin: row.coin, environment: row.environment.value })));
  return (
    <p class="banner is-test">
      <strong>{name}</strong> {WORDS[name]}
      {coins.length > 0 && ` This is about ${coins.join(', ')}.`}
    </p>
  );
}
