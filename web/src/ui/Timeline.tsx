/** The course of one face: a lane per expression, so that place and name tell what colour tells. */

import { useEffect, useRef, useState } from "react";
import { type Timeline as Course, SPAN_S } from "../app/timeline";
import { colourOf } from "./colours";
import { useLive, usePage } from "./page";
import { useGround } from "./theme";

const EVERY_MS = 150;

export function Timeline() {
  const { live, words } = usePage();
  useLive(live, 500);
  const [chosen, setChosen] = useState<number | null>(null);
  const course = live.session?.timed === true ? live.session.timeline : null;
  const tracks = course?.tracks() ?? [];
  const track = chosen !== null && tracks.includes(chosen) ? chosen : (tracks.at(-1) ?? null);
  return (
    <section className="card timeline" aria-label={words.t("timeline.title")}>
      <header className="card-head">
        <h2>{words.t("timeline.title")}</h2>
        {tracks.length > 1 && (
          <select
            className="select"
            aria-label={words.t("timeline.choose")}
            value={track ?? ""}
            onChange={(event) => setChosen(Number(event.target.value))}
          >
            {tracks.map((number) => (
              <option key={number} value={number}>
                {words.t("faces.face", { number: words.number(number + 1) })}
              </option>
            ))}
          </select>
        )}
      </header>
      {course === null || track === null ? (
        <p className="empty empty-timeline">{words.t("timeline.empty")}</p>
      ) : (
        <Lanes course={course} track={track} />
      )}
    </section>
  );
}

function Lanes({ course, track }: { readonly course: Course; readonly track: number }) {
  const { live, words } = usePage();
  const face = live.answer?.row.faces.find((one) => one.track === track);
  const label =
    face === undefined
      ? words.t("say.noFace")
      : face.uncertain
        ? words.t("faces.unsure")
        : words.label(face.label);
  return (
    <div className="lanes">
      <ul className="lane-names" aria-hidden="true">
        {course.labels.map((name) => (
          <li key={name}>{words.label(name)}</li>
        ))}
      </ul>
      <Chart
        course={course}
        track={track}
        title={words.t("timeline.face", { number: words.number(track + 1), label })}
      />
      <div className="lane-scale figures" aria-hidden="true">
        <span>{words.t("timeline.ago", { seconds: words.number(SPAN_S) })}</span>
        <span>{words.t("timeline.now")}</span>
      </div>
    </div>
  );
}

interface ChartProps {
  readonly course: Course;
  readonly track: number;
  readonly title: string;
}

function Chart({ course, track, title }: ChartProps) {
  const { live } = usePage();
  const ground = useGround();
  const element = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const canvas = element.current;
    const context = canvas?.getContext("2d") ?? null;
    if (canvas === null || context === null) {
      return;
    }
    let timer: ReturnType<typeof setTimeout> | null = null;
    const draw = (): void => {
      timer = null;
      drawChart(canvas, context, course, track, ground);
    };
    const stop = live.subscribe(() => {
      timer ??= setTimeout(draw, EVERY_MS);
    });
    const resize = new ResizeObserver(draw);
    resize.observe(canvas);
    return () => {
      stop();
      resize.disconnect();
      if (timer !== null) {
        clearTimeout(timer);
      }
    };
  }, [live, course, track, ground]);
  return <canvas ref={element} className="chart" role="img" aria-label={title} />;
}

function drawChart(
  canvas: HTMLCanvasElement,
  context: CanvasRenderingContext2D,
  course: Course,
  track: number,
  ground: "light" | "dark",
): void {
  const ratio = globalThis.devicePixelRatio;
  const width = Math.round(canvas.clientWidth * ratio);
  const height = Math.round(canvas.clientHeight * ratio);
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
  }
  context.clearRect(0, 0, width, height);
  const samples = [...course.samples(track)];
  const lane = height / course.labels.length;
  const rule = ground === "light" ? "rgb(20 30 45 / 14%)" : "rgb(255 255 255 / 16%)";
  const across = (timeS: number): number => width * (1 - (course.nowS - timeS) / SPAN_S);
  for (const [k, label] of course.labels.entries()) {
    const foot = Math.round((k + 1) * lane) - ratio;
    context.fillStyle = rule;
    context.fillRect(0, foot, width, ratio);
    for (const stretch of stretches(samples.map((sample) => sample.timeS))) {
      context.beginPath();
      context.moveTo(across(samples[stretch.from]?.timeS ?? 0), foot);
      for (const sample of samples.slice(stretch.from, stretch.to)) {
        const tall = (lane - 4 * ratio) * (sample.values[k] as number);
        context.lineTo(across(sample.timeS), foot - tall);
      }
      context.lineTo(across(samples[stretch.to - 1]?.timeS ?? 0), foot);
      context.closePath();
      context.fillStyle = colourOf(label, ground);
      context.fill();
    }
  }
}

/** From and to of the samples without a gap; a face that was away leaves one. */
export function stretches(
  times: readonly number[],
  gapS = 1,
): readonly { readonly from: number; readonly to: number }[] {
  const found: { from: number; to: number }[] = [];
  for (let i = 0; i < times.length; i += 1) {
    const last = found.at(-1);
    if (last !== undefined && (times[i] as number) - (times[i - 1] as number) <= gapS) {
      last.to = i + 1;
    } else {
      found.push({ from: i, to: i + 1 });
    }
  }
  return found;
}
