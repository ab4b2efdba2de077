/** Opens the source that the state names, reads it with the reader, and lets it go. */

import { type Dispatch, type RefObject, useEffect } from "react";
import { type Engine, EngineError } from "../engine/types";
import { listCameras, onCamerasChange, openCamera, stopStream } from "../media/camera";
import type { Live } from "./live";
import { cameraFailure, type Failure, failureOf } from "./problems";
import { readCamera, readPicture, readVideo } from "./reading";
import { isOpen, readerFailure } from "./reducer";
import type { Event, State } from "./state";

export interface Elements {
  readonly video: RefObject<HTMLVideoElement | null>;
  readonly picture: RefObject<HTMLCanvasElement | null>;
}

/** Failures of the reader that are the picture's own: the reader goes on with another one. */
const OF_SOURCE: readonly Failure["problem"][] = ["picture-unreadable", "server-too-large"];

export function useSource(
  state: State,
  dispatch: Dispatch<Event>,
  engine: Engine | null,
  live: Live,
  elements: Elements,
): void {
  const { source } = state;
  useCamera(state, dispatch, elements.video);
  usePausing(state, dispatch);

  const id = source.kind === "none" ? null : source.id;
  const file = source.kind === "picture" || source.kind === "video" ? source.file : null;
  const ready =
    source.kind === "camera"
      ? source.phase !== "asking"
      : source.kind === "picture" || isOpen(source);
  const kind = source.kind;
  useEffect(() => {
    const [video, picture] = [elements.video.current, elements.picture.current];
    if (engine === null || id === null || !ready || video === null || picture === null) {
      return;
    }
    const leaving = new AbortController();
    const read = async (): Promise<void> => {
      const { signal } = leaving;
      live.begin(file?.name ?? "camera", engine.info.labels, kind !== "picture");
      if (kind === "camera") {
        await readCamera(engine, video, live, signal);
      } else if (kind === "picture" && file !== null) {
        await readPicture(engine, file, picture, live, signal);
      } else if (kind === "video" && file !== null) {
        await readVideo(engine, file, video, live, signal);
      }
      if (!signal.aborted && kind !== "camera") {
        dispatch({ type: "source-phase", id, phase: "done" });
      }
    };
    read().catch((error: unknown) => {
      if (leaving.signal.aborted) {
        return;
      }
      const failure = failureOf(error);
      const ofReader = error instanceof EngineError && !OF_SOURCE.includes(failure.problem);
      dispatch(
        ofReader ? { type: "reader-failed", failure } : { type: "source-failed", id, failure },
      );
    });
    return () => leaving.abort();
  }, [engine, id, kind, file, ready, live, dispatch, elements]);

  const showing =
    source.kind !== "none" && source.kind !== "failed" && state.reader.kind === "ready";
  useEffect(() => {
    if (!showing) {
      live.rest();
    }
  }, [showing, live]);
}

/** The camera's stream, from asking for it to stopping its tracks. */
function useCamera(
  state: State,
  dispatch: Dispatch<Event>,
  video: RefObject<HTMLVideoElement | null>,
): void {
  const { source, settings } = state;
  // Nobody is filmed behind an error.
  const id = source.kind === "camera" && readerFailure(state) === null ? source.id : null;
  const { camera } = settings;
  useEffect(() => {
    const element = video.current;
    if (id === null || element === null) {
      return;
    }
    let stream: MediaStream | null = null;
    let current = true;
    const fail = (failure: Failure): void => {
      if (current) {
        dispatch({ type: "source-failed", id, failure });
      }
    };
    const list = (): void => {
      listCameras().then(
        (cameras) => current && dispatch({ type: "cameras", cameras }),
        () => undefined, // the choice of the browser remains
      );
    };
    const open = async (): Promise<void> => {
      stream = await openCamera(camera);
      if (!current) {
        stopStream(stream);
        return;
      }
      for (const track of stream.getVideoTracks()) {
        track.addEventListener("ended", () =>
          fail({ problem: "camera-unplugged", detail: track.label }),
        );
      }
      element.srcObject = stream;
      await element.play();
      list();
      if (current) {
        dispatch({ type: "source-phase", id, phase: "live" });
      }
    };
    const leave = (): void => {
      current = false;
      if (stream !== null) {
        stopStream(stream);
      }
      element.srcObject = null;
    };
    const hidden = (): void => {
      for (const track of stream?.getVideoTracks() ?? []) {
        track.enabled = !document.hidden;
      }
    };
    // A page that is left for good has no more effects run, so the camera is let go here.
    const away = (): void => {
      leave();
      dispatch({ type: "stop" });
    };
    const stopListing = onCamerasChange(list);
    document.addEventListener("visibilitychange", hidden);
    globalThis.addEventListener("pagehide", away);
    open().catch((error: unknown) => fail(cameraFailure(error)));
    return () => {
      leave();
      stopListing();
      document.removeEventListener("visibilitychange", hidden);
      globalThis.removeEventListener("pagehide", away);
    };
  }, [id, camera, dispatch, video]);
}

/** Say in the state that nothing is read while the page is hidden. */
function usePausing(state: State, dispatch: Dispatch<Event>): void {
  const { source } = state;
  const id =
    (source.kind === "camera" && source.phase !== "asking") ||
    (source.kind === "video" && isOpen(source))
      ? source.id
      : null;
  const running = source.kind === "camera" ? "live" : "reading";
  useEffect(() => {
    if (id === null) {
      return;
    }
    const tell = (): void => {
      dispatch({ type: "source-phase", id, phase: document.hidden ? "paused" : running });
    };
    document.addEventListener("visibilitychange", tell);
    return () => document.removeEventListener("visibilitychange", tell);
  }, [id, running, dispatch]);
}
