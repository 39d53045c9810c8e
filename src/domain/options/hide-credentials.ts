/** The `@` in a Binance stream name, which ends no login: `/ws/btcusdt@trade`, `?streams=btcusdt@depth5@100ms`. */
const IN_STREAM_NAME =
  /(?<=(?:\/ws\/|[?&]streams=)[\w/@]*)@(?=(?:trade|aggTrade|blockTrade|bookTicker|ticker|miniTicker|avgPrice|depth|kline_|1000?ms)\w*(?:[@/?&]|[^\w.:]*$))/g;

/** Replaces the logins of addresses (`http://user:password@host`, `user:password@host`) by `[secret]`. */
export function hideCredentials(text: string): string {
  return text.replace(/[^\s"]+/g, hideInWord);
}

function hideInWord(word: string): string {
  const end = word.replace(IN_STREAM_NAME, ' ').lastIndexOf('@');
  const before = word.slice(0, Math.max(0, end));
  const slashes = before.indexOf('//');
  if (slashes !== -1) return `${word.slice(0, slashes + 2)}[secret]${word.slice(end)}`;
  return before.includes(':') ? `[secret]${word.slice(end)}` : word;
}
