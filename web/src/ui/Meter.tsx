import { useLive, usePage } from "./page";

/** Frames per second, latency, threads or graphics card, and frames that were left out. */
export function Meter() {
  const { state, live, words } = usePage();
  useLive(live, 500);
  const { reader, source } = state;
  if (reader.kind !== "ready") {
    return <p className="meter figures" />;
  }
  const { rate, latencyMs } = live.meter;
  const { info } = reader;
  const facts = [`${info.name} ${info.precision}`];
  if (info.backend === "webgpu") {
    facts.push("WebGPU");
  } else if (info.backend === "wasm") {
    facts.push(words.counted("meter.threads", info.threads));
  }
  if (live.answer !== null && latencyMs !== null) {
    const digits = latencyMs < 10 ? 1 : 0;
    facts.unshift(words.t("meter.latency", { ms: words.number(latencyMs, digits) }));
    if (rate !== null && source.kind !== "picture") {
      facts.unshift(words.t("meter.rate", { rate: words.number(rate, rate < 10 ? 1 : 0) }));
    }
    if (live.answer.dropped > 0) {
      facts.push(words.counted("meter.dropped", live.answer.dropped));
    }
  }
  return (
    <ul className="meter figures">
      {facts.map((fact) => (
        <li key={fact}>{fact}</li>
      ))}
    </ul>
  );
}
