/** What is asked for cannot be had, and another argument could be: the message names it and what is allowed. */
export class HistoryRefused extends Error {
  override readonly name = 'HistoryRefused';
}
