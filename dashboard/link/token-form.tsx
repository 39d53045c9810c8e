import { useLayoutEffect, useRef } from 'preact/hooks';
import { connectNow } from './link.ts';
import { setToken, tokenProblem } from './token.ts';

/** Asks the user for the token if the gateway requires one. */
export function TokenForm() {
  const field = useRef<HTMLInputElement>(null);
  const problem = tokenProblem.value;
  useLayoutEffect(() => {
    field.current?.focus();
  }, [problem]);
  if (problem === undefined) return null;
  return (
    <form
      class="token-form"
      onSubmit={(event) => {
        event.preventDefault();
        setToken(String(new FormData(event.currentTarget).get('token')));
        connectNow();
      }}
    >
      <label>
        <strong role="alert">
          {problem === 'wrong' ? 'The token is wrong. Enter the right one' : 'This gateway requires a token'}
        </strong>
        <input ref={field} name="token" type="password" required autocomplete="off" />
      </label>
      <button type="submit">Connect</button>
    </form>
  );
}
