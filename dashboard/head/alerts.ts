import { effect, signal } from '@preact/signals';
import { remember, remembered } from '../page/storage.ts';
import { headline, tradingState } from './headline.ts';

const KEY = 'market-feed.alerts';
/** An unknown state may end by itself, for example after a reconnection. It alerts only after this time. Milliseconds. */
const UNKNOWN_MS = 5000;

/** True if the user wants a sound and a notification when trading is halted. Remembered in this browser. */
export const alertsOn = signal(remembered(KEY) === 'true');

let sound: AudioContext | undefined;

export function startAlerts(): void {
  let wasAllowed = false;
  let waiting: ReturnType<typeof setTimeout> | undefined;
  effect(() => {
    const state = tradingState.value;
    clearTimeout(waiting);
    if (state === 'allowed') wasAllowed = true;
    else if (wasAllowed) {
      const alert = () => {
        wasAllowed = false;
        if (alertsOn.peek()) raise(headline.peek().trading.text);
      };
      if (state === 'halted') alert();
      else waiting = setTimeout(alert, UNKNOWN_MS);
    }
  });
}

/** Switches the alerts on or off. The browser may ask the user for its permission. */
export function toggleAlerts(): void {
  alertsOn.value = !alertsOn.value;
  remember(KEY, String(alertsOn.value));
  if (!alertsOn.value) return;
  beep();
  if ('Notification' in globalThis && Notification.permission === 'default') void Notification.requestPermission();
}

function raise(text: string): void {
  beep();
  if ('Notification' in globalThis && Notification.permission === 'granted')
    new Notification(text, { tag: 'market-feed', requireInteraction: true });
}

/** Two short tones. Before the user's first click on the page, browsers play none. */
function beep(): void {
  sound ??= new AudioContext();
  void sound.resume();
  for (const [at, hertz] of [
    [0, 880],
    [0.25, 660],
  ] as const) {
    const tone = new OscillatorNode(sound, { frequency: hertz });
    const volume = new GainNode(sound, { gain: 0.2 });
    tone.connect(volume).connect(sound.destination);
    tone.start(sound.currentTime + at);
    tone.stop(sound.currentTime + at + 0.2);
  }
}
