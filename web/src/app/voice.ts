/** Speech of the browser, which stays on the device where its voices do. */

import { useSyncExternalStore } from "react";
import type { Language } from "../texts";

/** The browser's speech; null where it has none. */
export function speech(): SpeechSynthesis | null {
  return (globalThis.speechSynthesis as SpeechSynthesis | undefined) ?? null;
}

/** Say a phrase now, instead of what is being said. Voices of this device are preferred. */
export function say(phrase: string, language: Language): void {
  const synthesis = speech();
  if (synthesis === null) {
    return;
  }
  const voice = voicesOf(language).sort((a, b) => Number(b.localService) - Number(a.localService));
  const utterance = new SpeechSynthesisUtterance(phrase);
  utterance.lang = language;
  utterance.voice = voice[0] ?? null;
  synthesis.cancel();
  synthesis.speak(utterance);
}

/** Whether a voice speaks the language: "unknown" until the browser has named its voices. */
export function useVoice(language: Language): "unknown" | "own" | "other" {
  const count = useSyncExternalStore(subscribe, () => speech()?.getVoices().length ?? 0);
  if (count === 0) {
    return "unknown";
  }
  return voicesOf(language).length > 0 ? "own" : "other";
}

function voicesOf(language: Language): SpeechSynthesisVoice[] {
  return (speech()?.getVoices() ?? []).filter((voice) =>
    voice.lang.toLowerCase().startsWith(language),
  );
}

function subscribe(listener: () => void): () => void {
  const synthesis = speech();
  synthesis?.addEventListener("voiceschanged", listener);
  return () => synthesis?.removeEventListener("voiceschanged", listener);
}
