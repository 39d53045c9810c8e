/** Replaces the logins of addresses (`http://user:password@host`, `user:password@host`) by `[secret]`. */
export function hideCredentials(text: string): string {
  return text.replace(/[^\s"]+/g, hideInWord);
}

function hideInWord(word: string): string {
  const end = word.lastIndexOf('@');
  const before = word.slice(0, Math.max(0, end));
  const slashes = before.indexOf('//');
  if (slashes !== -1) return `${word.slice(0, slashes + 2)}[secret]${word.slice(end)}`;
  return before.includes(':') ? `[secret]${word.slice(end)}` : word;
}
