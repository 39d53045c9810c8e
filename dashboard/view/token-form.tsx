import { connectNow } from '../state/link.ts';
import { setToken, tokenWanted } from '../state/token.ts';

/** Asks the user for the token if the gateway requires one. */
export function TokenForm() {
  if (!tokenWanted.value) return null;
  return (
    <form
      class="banner is-warn token-form"
      onSubmit={(event) => {
        event.preventDefault();
        setToken(String(new FormData(event.currentTarget).get('token')));
        connectNow();
      }}
    >
      <label>
        <strong>This gateway requires a token</strong>
        <input name="token" type="password" required autocomplete="off" />
      </label>
      <button type="submit">Connect</button>
    </form>
  );
}
