/** Replaces the logins of addresses (`http://user:password@host`, `user:password@host`) by `[secret]`. */
export function hideCredentials(text: string): string {
  return text.replace(/[^\s"]+/g, hideInWord);
}

function hideInWord(word: string): string {
  const end = word.slice(0, loginEnd(word)).lastIndexOf('@');
  const before = word.slice(0, Math.max(0, end));
  const slashes = before.indexOf('//');
  if (slashes !== -1) return `${word.slice(0, slashes + 2)}[secret]${word.slice(end)}`;
  return before.includes(':') ? `[secret]${word.slice(end)}` : word;
}

/**
 * Where a login must have ended. In one valid WebSocket address that is where the path or query begins: the `@` of
 * `?streams=btcusdt@trade` ends no login. Anything else may be a login with a slash in the password.
 */
function loginEnd(word: string): number {
  const [address, begin, host] = /^\W*(wss?:\/\/)([^/?#]*).*$/i.exec(word) ?? [];
  if (address === undefined || begin === undefined || host === undefined) return word.length;
  const at = word.indexOf(begin);
  const isOne = word.indexOf('//') === word.lastIndexOf('//') && URL.canParse(word.slice(at));
  return isOne ? at + begin.length + host.length : word.length;
}
